/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * paravisor: stands in for the paravisor of an Azure guest, for tests. It plays the vTPM, in front of a
 * swtpm of its own: AK and EK, the HCL report, the AK's certificate; and the two services beside the machine
 * that certify and quote. When all of that is ready it prints one line of JSON that says where:
 *   {"tcti":"mssim:host=127.0.0.1,port=P","imds":"http://127.0.0.1:PORT","roots":FOLDER,
 *    "control":SOCKET (control.h),"qemu":SOCKET (qemu.h)}
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "lib/base/json-build.h"
#include "lib/base/number.h"
#include "tests/paravisor/control.h"
#include "tests/paravisor/imds.h"
#include "tests/paravisor/listen.h"
#include "tests/paravisor/orders.h"
#include "tests/paravisor/qemu.h"

#define WINDOW_MSEC 2000
#define ORDERS_MAX 32
#define PATH_SIZE 80 /* fits into an address of AF_UNIX */

static const char usage[] =
        "usage: paravisor [OPTION]... FOLDER\n"
        "FOLDER is empty; sockets, roots and vek-chain.pem are made in it.\n"
        "  --isolation=snp|tdx|vbs|tvm  what the guest is isolated by (snp)\n"
        "  --product=Milan|Genoa|Turin  the processor (Milan)\n"
        "  --window=MSEC                in which a report is not made anew (2000)\n"
        "  --pki=FILE                   keys of tests/forge\n"
        "  --order=ORDER                to be followed before anybody is served; may be given again\n";

struct options {
        enum hcl_report_type type;
        enum snp_product product;
        uint64_t window;
        const char *pki, *folder;
        char *orders[ORDERS_MAX];
        size_t n_orders;
};

struct paravisor {
        sd_event *event;
        struct machine *machine;
        struct vtpm vtpm;
        struct queue *queue;
        struct qemu *qemu;
        struct control *control;
        struct imds *imds;
        int fd[2]; /* where the TCTI connects, and its second port */
        uint16_t port;
        sd_event_source *source[2];
        char control_path[PATH_SIZE], qemu_path[PATH_SIZE], roots[PATH_SIZE], vek_path[PATH_SIZE];
};

static int parse_type(const char *word) {
        for (int t = HCL_REPORT_VBS; t <= HCL_REPORT_TDX; t++)
                if (strcmp(word, (const char *[]){ "vbs", "snp", "tvm", "tdx" }[t - 1]) == 0)
                        return t;
        return 0;
}

static int parse_product(const char *word) {
        for (int p = SNP_MILAN; p < _SNP_PRODUCT_MAX; p++)
                if (strcmp(word, (const char *[]){ "Milan", "Genoa", "Turin" }[p - 1]) == 0)
                        return p;
        return 0;
}

static bool parse_options(int argc, char **argv, struct options *o) {
        static const struct option table[] = {
                { "isolation", required_argument, NULL, 'i' },
                { "product", required_argument, NULL, 'p' },
                { "window", required_argument, NULL, 'w' },
                { "pki", required_argument, NULL, 'k' },
                { "order", required_argument, NULL, 'o' },
                {},
        };
        bool good = true;
        int c;

        while ((c = getopt_long(argc, argv, "", table, NULL)) >= 0) {
                if (c == 'i')
                        good = good && (o->type = (enum hcl_report_type)parse_type(optarg));
                else if (c == 'p')
                        good = good && (o->product = (enum snp_product)parse_product(optarg));
                else if (c == 'w')
                        good = good && number_parse(optarg, 10, 1000000000, &o->window) >= 0;
                else if (c == 'k')
                        o->pki = optarg;
                else if (c == 'o' && o->n_orders < ORDERS_MAX)
                        o->orders[o->n_orders++] = optarg;
                else
                        good = false;
        }
        if (!good || argc - optind != 1)
                return false;
        o->folder = argv[optind];
        return true;
}

static int on_tpm_client(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct paravisor *p = userdata;
        int client = listen_accept(fd);

        if (client >= 0)
                queue_add(p->queue, client, fd == p->fd[0] ? FRAMING_MSSIM : FRAMING_PLATFORM);
        return 0;
}

/* The TCTI takes the port after the first for the second. */
static int listen_tcti(struct paravisor *p, struct diag *d) {
        int r = -EADDRINUSE;

        for (int attempt = 0; r == -EADDRINUSE && attempt < 100; attempt++) {
                uint16_t second;

                closep(&p->fd[0]);
                p->fd[0] = -1;
                p->port = 0;
                r = listen_loopback(&p->port, &p->fd[0], d);
                second = (uint16_t)(p->port + 1);
                if (r >= 0)
                        r = second > 0 ? listen_loopback(&second, &p->fd[1], d) : -EADDRINUSE;
        }
        for (int i = 0; r >= 0 && i < 2; i++)
                r = sd_event_add_io(p->event, &p->source[i], p->fd[i], EPOLLIN, on_tpm_client, p);
        return r;
}

static int path_in(char ret[static PATH_SIZE], const char *folder, const char *name, struct diag *d) {
        if (snprintf(ret, PATH_SIZE, "%s/%s", folder, name) >= PATH_SIZE)
                return diag_fail(d, -ENAMETOOLONG, "%s: too long a path for sockets", folder);
        return 0;
}

static int make_paths(struct paravisor *p, const char *folder, struct diag *d) {
        int r = path_in(p->control_path, folder, "control", d);

        if (r >= 0)
                r = path_in(p->qemu_path, folder, "qemu", d);
        if (r >= 0)
                r = path_in(p->roots, folder, "roots", d);
        if (r >= 0)
                r = path_in(p->vek_path, folder, "vek-chain.pem", d);
        if (r < 0)
                return r;
        if (mkdir(p->roots, 0755) < 0)
                return diag_errno(d, -errno, "%s", p->roots);
        machine_save_roots(p->machine, p->roots);
        machine_save_vek(p->machine, p->vek_path);
        return 0;
}

static int follow_orders(struct paravisor *p, const struct options *o, struct diag *d) {
        for (size_t i = 0; i < o->n_orders; i++) {
                struct order order = { .vtpm = &p->vtpm, .queue = p->queue };
                int r = orders_split(o->orders[i], &order, d);

                if (r >= 0)
                        r = orders_follow(&order, d);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int set_up(struct paravisor *p, const struct options *o, struct diag *d) {
        int r;

        r = machine_new(o->pki, o->type, o->product, &p->machine);
        if (r < 0)
                return r;
        p->vtpm.machine = p->machine;
        p->vtpm.behaviour.window = o->window;
        r = vtpm_start(&p->vtpm, d);
        if (r >= 0)
                r = sd_event_default(&p->event);
        for (int signal = 0; r >= 0 && signal < 2; signal++)
                r = sd_event_add_signal(p->event, NULL, signal ? SIGTERM : SIGINT, NULL, NULL);
        if (r >= 0)
                r = queue_new(p->event, &p->vtpm, &p->queue);
        if (r >= 0)
                r = follow_orders(p, o, d);
        if (r >= 0)
                r = listen_tcti(p, d);
        if (r >= 0)
                r = make_paths(p, o->folder, d);
        if (r >= 0)
                r = qemu_new(p->event, &p->vtpm, p->queue, p->qemu_path, &p->qemu, d);
        if (r >= 0)
                r = control_new(p->event, &p->vtpm, p->queue, p->control_path, &p->control, d);
        if (r >= 0)
                r = imds_new(p->event, &p->vtpm, &p->imds, d);
        return r;
}

static void tear_down(struct paravisor *p) {
        imds_free(p->imds);
        control_free(p->control);
        qemu_free(p->qemu);
        queue_free(p->queue);
        for (int i = 0; i < 2; i++) {
                sd_event_source_disable_unref(p->source[i]);
                closep(&p->fd[i]);
        }
        vtpm_done(&p->vtpm);
        machine_free(p->machine);
        sd_event_unref(p->event);
}

static int tell(const struct paravisor *p) {
        _cleanup_(json_putp) struct json_object *j = json_object_new_object();
        char tcti[64], url[64];

        snprintf(tcti, sizeof(tcti), "mssim:host=127.0.0.1,port=%u", p->port);
        snprintf(url, sizeof(url), "http://127.0.0.1:%u", imds_port(p->imds));
        if (!j || !json_add_text(j, "tcti", tcti) || !json_add_text(j, "imds", url) ||
                !json_add_text(j, "roots", p->roots) || !json_add_text(j, "control", p->control_path) ||
                !json_add_text(j, "qemu", p->qemu_path))
                return -ENOMEM;
        puts(json_object_to_json_string_ext(j, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        return fflush(stdout) == 0 ? 0 : -errno;
}

int main(int argc, char **argv) {
        struct options o = { .type = HCL_REPORT_SNP,
                .product = SNP_MILAN,
                .window = WINDOW_MSEC,
                .pki = FORGE_PKI };
        struct paravisor p = { .fd = { -1, -1 }, .vtpm.tpm = SWTPM_NONE };
        struct diag d = {};
        sigset_t signals;
        int r;

        if (!parse_options(argc, argv, &o)) {
                fputs(usage, stderr);
                return 2;
        }
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigprocmask(SIG_BLOCK, &signals, NULL);
        signal(SIGPIPE, SIG_IGN);
        r = set_up(&p, &o, &d);
        if (r >= 0)
                r = tell(&p);
        if (r < 0)
                fprintf(stderr, "paravisor: %s\n", d.text[0] ? d.text : errno_text(r));
        else
                r = sd_event_loop(p.event);
        tear_down(&p);
        return r != 0;
}
