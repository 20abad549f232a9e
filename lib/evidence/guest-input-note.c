/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/evidence/guest-input-note.h"

#include <errno.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"

static const char head[] = "cvmd-guest-input-1\n";

#define LINE_SIZE (2 * USER_DATA_SIZE + 1) /* digits and newline */
#define NOTE_SIZE (sizeof(head) - 1 + 2 * LINE_SIZE)

static int parse_line(const char *line, uint8_t ret[static USER_DATA_SIZE]) {
        size_t n;

        return line[LINE_SIZE - 1] != '\n' ? -EBADMSG
                                           : hex_parse(line, LINE_SIZE - 1, ret, USER_DATA_SIZE, &n);
}

int guest_input_note_parse(const void *text, size_t n, struct guest_input_note *ret, struct diag *d) {
        const char *line = (const char *)text + sizeof(head) - 1;
        struct guest_input_note note;

        if (n != NOTE_SIZE || memcmp(text, head, sizeof(head) - 1) != 0 || parse_line(line, note.ours) < 0 ||
                parse_line(line + LINE_SIZE, note.before) < 0)
                return diag_fail(d, -EBADMSG, "%s: not a note of ours: remove it", GUEST_INPUT_NOTE_NAME);
        *ret = note;
        return 0;
}

int guest_input_note_get(int folder, struct guest_input_note *ret, struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r = file_read_at(folder, GUEST_INPUT_NOTE_NAME, NOTE_SIZE, &text, &n);

        if (r < 0)
                return diag_errno(d, r, "%s", GUEST_INPUT_NOTE_NAME);
        return guest_input_note_parse(text, n, ret, d);
}

int guest_input_note_put(int folder, const struct guest_input_note *note, struct diag *d) {
        char text[NOTE_SIZE + 1], *line = text + sizeof(head) - 1;
        int r;

        memcpy(text, head, sizeof(head) - 1);
        hex_format(note->ours, sizeof(note->ours), line);
        line[LINE_SIZE - 1] = '\n';
        hex_format(note->before, sizeof(note->before), line + LINE_SIZE);
        line[2 * LINE_SIZE - 1] = '\n';
        r = file_put_at(folder, GUEST_INPUT_NOTE_NAME, 0600, text, NOTE_SIZE);
        return r < 0 ? diag_errno(d, r, "%s", GUEST_INPUT_NOTE_NAME) : 0;
}

int guest_input_note_remove(int folder, struct diag *d) {
        if (unlinkat(folder, GUEST_INPUT_NOTE_NAME, 0) < 0 && errno != ENOENT)
                return diag_errno(d, -errno, "%s", GUEST_INPUT_NOTE_NAME);
        return 0;
}
