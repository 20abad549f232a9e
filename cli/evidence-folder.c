/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Written beside its place and renamed, so that nobody finds a part of it. */
#include "cli/evidence-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/format/bundle-record.h"
#include "lib/format/cmw.h"

static const struct {
        const char *media_type, *ending;
} endings[] = {
        { "application/json-seq", ".json-seq" },
        { "application/pkix-cert", ".der" },
        { "application/pem-certificate-chain", ".pem" },
};

static const char *ending_of(const char *media_type) {
        size_t n = strlen(media_type);

        for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
                if (strcmp(endings[i].media_type, media_type) == 0)
                        return endings[i].ending;
        return n > 5 && strcmp(media_type + n - 5, "+json") == 0 ? ".json" : ".bin";
}

static int write_record(int folder, const struct cmw_record *record, struct diag *d) {
        int found = bundle_record_find(record->name), r;
        char name[64];

        if (found < 0) /* names become files: only those that we know */
                return diag_fail(d, -EBADMSG, "record '%s' is not one of a bundle", record->name);
        snprintf(name, sizeof(name), "%s%s", bundle_record_name((enum bundle_record)found),
                ending_of(bundle_record_media_type((enum bundle_record)found)));
        r = file_replace_at(folder, name, 0644, record->content.bytes, record->content.n);
        return r < 0 ? diag_errno(d, r, "cannot write %s", name) : 0;
}

/* Removes what was written so far. */
static void remove_folder(const char *path, int folder) {
        for (enum bundle_record i = 1; i < _BUNDLE_RECORD_MAX; i++) {
                char name[64];

                snprintf(name, sizeof(name), "%s%s", bundle_record_name(i),
                        ending_of(bundle_record_media_type(i)));
                (void)unlinkat(folder, name, 0);
        }
        (void)rmdir(path);
}

static int fill(int folder, const struct cmw *c, struct diag *d) {
        for (size_t i = 0; i < c->n_records; i++) {
                int r = write_record(folder, &c->records[i], d);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_records(const char *folder, const struct cmw *c, struct diag *d) {
        _cleanup_(freep) char *temporary = NULL;
        _cleanup_(closep) int fd = -1;
        mode_t mask = umask(0);
        size_t n = strlen(folder);
        int r;

        umask(mask);
        while (n > 1 && folder[n - 1] == '/')
                n--;
        if (asprintf(&temporary, "%.*s.XXXXXX", (int)n, folder) < 0)
                return -ENOMEM;
        if (!mkdtemp(temporary))
                return diag_errno(d, -errno, "cannot make a folder beside %s", folder);
        fd = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = fd < 0 ? diag_errno(d, -errno, "%s", temporary) : fill(fd, c, d);
        if (r >= 0 && fchmod(fd, 0777 & ~mask) < 0)
                r = diag_errno(d, -errno, "%s", temporary);
        if (r >= 0 && rename(temporary, folder) < 0)
                r = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
                        ? diag_fail(d, -EEXIST, "%s is there already, and not an empty folder", folder)
                        : diag_errno(d, -errno, "cannot make %s", folder);
        if (r < 0)
                remove_folder(temporary, fd);
        return r;
}

int evidence_folder_write(const char *folder, const char *bundle, size_t n, struct diag *d) {
        struct cmw c = {};
        int r = cmw_parse(bundle, n, &c, d);

        if (r < 0)
                return r;
        r = write_records(folder, &c, d);
        cmw_done(&c);
        return r;
}
