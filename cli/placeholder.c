/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One table, so that what help calls DEV is completed with devices wherever it stands. */
#include "cli/placeholder.h"

#include <string.h>

static const struct placeholder placeholders[] = {
        { "DEV", PLACEHOLDER_DEVICE,
                "an instance GUID or the beginning of one, a relid, or a class of which\n"
                "there is one device" },
        { "PATH", PLACEHOLDER_PATH, "a file or a folder" },
        { "OLD", PLACEHOLDER_PATH, NULL },
        { "NEW", PLACEHOLDER_PATH, NULL },
        { "FILE", PLACEHOLDER_FILE, NULL },
        { "DIR", PLACEHOLDER_FOLDER, NULL },
        { "HOST", PLACEHOLDER_HOST, NULL },
        { "ADDRESS", PLACEHOLDER_TEXT, NULL },
        { "HEX", PLACEHOLDER_TEXT, NULL },
        { "HOW", PLACEHOLDER_TEXT, NULL },
        { "LIST", PLACEHOLDER_TEXT, NULL },
        { "METHOD", PLACEHOLDER_TEXT, NULL },
        { "MODE", PLACEHOLDER_TEXT, NULL },
        { "N", PLACEHOLDER_TEXT, NULL },
        { "NAME", PLACEHOLDER_TEXT, NULL },
        { "SEC", PLACEHOLDER_TEXT, NULL },
        { "TIME", PLACEHOLDER_TEXT, NULL },
};

#define N_PLACEHOLDERS (sizeof(placeholders) / sizeof(placeholders[0]))

const struct placeholder *placeholder_at(size_t i) {
        return i < N_PLACEHOLDERS ? &placeholders[i] : NULL;
}

const struct placeholder *placeholder_find(const char *name, size_t n) {
        for (size_t i = 0; i < N_PLACEHOLDERS; i++)
                if (strlen(placeholders[i].name) == n && strncmp(placeholders[i].name, name, n) == 0)
                        return &placeholders[i];
        return NULL;
}

bool argument_next(const char **text, struct argument *ret) {
        const char *word = *text + strspn(*text, " ["), *end;

        if (!*word)
                return false;
        end = word + strcspn(word, " .]");
        *ret = (struct argument){
                .placeholder = placeholder_find(word, (size_t)(end - word)),
                .words = word,
                .n_words = (size_t)(end - word),
                .repeated = *end == '.',
        };
        *text = end + strspn(end, ".]");
        return true;
}
