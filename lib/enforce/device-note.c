/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One link a device and kind in the state folder. Their being there is what matters most: an unreadable note
 * still says that a device was touched, so the functions here never mistake it for none.
 *
 * Links, because one call makes one, with all that it says: nobody sees a part of it, and whoever blocks a
 * device, who needs two of them first, is soon done.
 */
#include "lib/enforce/device-note.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/name-table.h"

#define MARK '=' /* in front of the text: a link is never empty, and this one leads nowhere */

static const char *const kinds[] = {
        [NOTE_OVERRIDE] = "overrides",
        [NOTE_BY_HAND] = "by-hand",
        [NOTE_HELPER] = "helpers",
        [NOTE_EXPOSURE] = "exposures",
        [NOTE_UNCONFIRMED] = "unconfirmed",
        [NOTE_PROTECTED] = "protected",
};
_Static_assert(N_NAMES(kinds) == _NOTE_KIND_MAX, "every kind of note has a folder");

const char *note_kind_to_string(enum note_kind k) {
        return name_of(kinds, N_NAMES(kinds), k);
}

static bool is_one_line(const char *text, size_t n) {
        for (size_t i = 0; i < n; i++)
                if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
                        return false;
        return true;
}

static int open_kind(int state, enum note_kind kind, int flags) {
        int fd = openat(state, note_kind_to_string(kind), flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

static int open_or_make_kind(int state, enum note_kind kind) {
        int fd = open_kind(state, kind, O_PATH);

        if (fd != -ENOENT)
                return fd;
        if (mkdirat(state, note_kind_to_string(kind), 0700) < 0 && errno != EEXIST)
                return -errno;
        return open_kind(state, kind, O_PATH);
}

/* A link cannot be written over: the new one takes the place of the old one. */
static int replace(int folder, const char *name, const char *target) {
        _cleanup_(freep) char *temporary = NULL;
        int r = 0;

        if (asprintf(&temporary, ".%s.new", name) < 0)
                return -ENOMEM;
        if (unlinkat(folder, temporary, 0) < 0 && errno != ENOENT)
                return -errno;
        if (symlinkat(target, folder, temporary) < 0)
                return -errno;
        if (renameat(folder, temporary, folder, name) < 0) {
                r = -errno;
                (void)unlinkat(folder, temporary, 0);
        }
        return r;
}

int note_write(int state, enum note_kind kind, const struct guid *instance, const char *text,
        struct diag *d) {
        char name[GUID_TEXT_SIZE], target[1 + NOTE_TEXT_MAX + 1];
        _cleanup_(closep) int folder = -1;
        size_t n = strlen(text);
        int r;

        guid_format(instance, name);
        if (n > NOTE_TEXT_MAX)
                return diag_fail(d, -EINVAL, "%s/%s: longer than %d characters", note_kind_to_string(kind),
                        name, NOTE_TEXT_MAX);
        if (!is_one_line(text, n))
                return diag_fail(d, -EINVAL, "%s/%s: not a line of text", note_kind_to_string(kind), name);
        folder = open_or_make_kind(state, kind);
        if (folder < 0)
                return diag_errno(d, folder, "%s", note_kind_to_string(kind));
        target[0] = MARK;
        memcpy(target + 1, text, n + 1);
        r = symlinkat(target, folder, name) < 0 ? -errno : 0;
        if (r == -EEXIST)
                r = replace(folder, name, target);
        return r < 0 ? diag_errno(d, r, "%s/%s", note_kind_to_string(kind), name) : 0;
}

static int read_in(int folder, enum note_kind kind, const char *name, char **ret, struct diag *d) {
        char target[1 + NOTE_TEXT_MAX + 1];
        ssize_t n = readlinkat(folder, name, target, sizeof(target));
        char *text;

        if (n < 0 && errno == ENOENT)
                return diag_fail(d, -ENODATA, "%s/%s: no such note", note_kind_to_string(kind), name);
        if (n < 0 && errno != EINVAL)
                return diag_errno(d, -errno, "%s/%s", note_kind_to_string(kind), name);
        if (n <= 0 || (size_t)n == sizeof(target) || target[0] != MARK ||
                !is_one_line(target + 1, (size_t)n - 1))
                return diag_fail(d, -EBADMSG, "%s/%s: not a note of cvmd", note_kind_to_string(kind), name);
        text = strndup(target + 1, (size_t)n - 1);
        if (!text)
                return diag_errno(d, -ENOMEM, "%s/%s", note_kind_to_string(kind), name);
        *ret = text;
        return 0;
}

int note_read(int state, enum note_kind kind, const struct guid *instance, char **ret, struct diag *d) {
        _cleanup_(closep) int folder = open_kind(state, kind, O_PATH);
        char name[GUID_TEXT_SIZE];

        guid_format(instance, name);
        if (folder == -ENOENT)
                return diag_fail(d, -ENODATA, "%s/%s: no such note", note_kind_to_string(kind), name);
        if (folder < 0)
                return diag_errno(d, folder, "%s", note_kind_to_string(kind));
        return read_in(folder, kind, name, ret, d);
}

int note_remove(int state, enum note_kind kind, const struct guid *instance, struct diag *d) {
        _cleanup_(closep) int folder = open_kind(state, kind, O_PATH);
        char name[GUID_TEXT_SIZE];

        guid_format(instance, name);
        if (folder == -ENOENT)
                return 0;
        if (folder < 0)
                return diag_errno(d, folder, "%s", note_kind_to_string(kind));
        if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
                return diag_errno(d, -errno, "%s/%s", note_kind_to_string(kind), name);
        return 0;
}

void notes_done(struct notes *n) {
        for (size_t i = 0; i < n->n; i++)
                free(n->notes[i].text);
        free(n->notes);
        *n = (struct notes){};
}

static int compare_notes(const void *a, const void *b) {
        return guid_compare(&((const struct note *)a)->instance, &((const struct note *)b)->instance);
}

/* Appends the note of that name, "" in place of what cannot be read; d keeps the last such trouble. */
static int notes_add(struct notes *notes, int folder, enum note_kind kind, const char *name,
        struct diag *d) {
        _cleanup_(freep) char *text = NULL;
        char proper[GUID_TEXT_SIZE];
        struct note *bigger;
        struct guid instance;
        int r;

        if (guid_parse(name, &instance) < 0)
                return 0;
        guid_format(&instance, proper);
        if (strcmp(proper, name) != 0)
                return 0; /* another spelling: not ours, and note_read() would not find it */
        r = read_in(folder, kind, name, &text, d);
        if (r == -ENODATA)
                return 0; /* removed since it was listed */
        if (r < 0)
                text = strdup("");
        if (!text)
                return -ENOMEM;
        bigger = reallocarray(notes->notes, notes->n + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        notes->notes = bigger;
        notes->notes[notes->n++] = (struct note){ .instance = instance, .text = TAKE(text) };
        return 0;
}

int notes_list(int state, enum note_kind kind, struct notes *ret, struct diag *d) {
        _cleanup_(notes_done) struct notes notes = {};
        _cleanup_(closedirp) DIR *dir = NULL;
        _cleanup_(closep) int folder = open_kind(state, kind, O_RDONLY);
        struct dirent *entry;
        int r;

        if (folder == -ENOENT) {
                *ret = (struct notes){};
                return 0;
        }
        if (folder < 0)
                return diag_errno(d, folder, "%s", note_kind_to_string(kind));
        dir = fdopendir(folder);
        if (!dir)
                return diag_errno(d, -errno, "%s", note_kind_to_string(kind));
        folder = -1; /* the stream has it now */
        while ((errno = 0, entry = readdir(dir))) {
                r = notes_add(&notes, dirfd(dir), kind, entry->d_name, d);
                if (r < 0)
                        return diag_errno(d, r, "%s", note_kind_to_string(kind));
        }
        if (errno)
                return diag_errno(d, -errno, "%s", note_kind_to_string(kind));
        if (notes.n > 0)
                qsort(notes.notes, notes.n, sizeof(*notes.notes), compare_notes);
        *ret = notes;
        notes = (struct notes){};
        return 0;
}

const struct note *notes_find(const struct notes *n, const struct guid *instance) {
        struct note key = { .instance = *instance };

        return n->n > 0 ? bsearch(&key, n->notes, n->n, sizeof(*n->notes), compare_notes) : NULL;
}

int notes_by_hand(const struct notes *n, struct hand_decision **ret, size_t *ret_n) {
        struct hand_decision *decisions = calloc(n->n ? n->n : 1, sizeof(*decisions));

        if (!decisions)
                return -ENOMEM;
        for (size_t i = 0; i < n->n; i++)
                decisions[i] = (struct hand_decision){
                        .instance = n->notes[i].instance,
                        .allow = strcmp(n->notes[i].text, "allow") == 0,
                };
        *ret = decisions;
        *ret_n = n->n;
        return 0;
}
