/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* forge-pki FILE: makes the keys and authorities that all tests of a build folder share. Takes seconds. */
#include "tests/forge/pki.h"

int main(int argc, char **argv) {
        struct forge_pki pki;

        if (argc != 2) {
                fprintf(stderr, "usage: forge-pki FILE\n");
                return 2;
        }
        forge_pki_make(&pki);
        forge_pki_save(&pki, argv[1]);
        forge_pki_done(&pki);
        return 0;
}
