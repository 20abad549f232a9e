/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cvmctl makes of a daemon that refuses, ends, or says what the contract does not say. */
#include "tests/unit/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "cli/verbs.h"

typedef int (*reply_function)(sd_bus_message *call);

/* -- what the other end says -- */

static int say_text(sd_bus_message *call) {
        return sd_bus_reply_method_return(call, "s", "x");
}

static int say_number(sd_bus_message *call) {
        return sd_bus_reply_method_return(call, "u", 7u);
}

static int say_list(sd_bus_message *call) {
        return sd_bus_reply_method_return(call, "s", "[1]");
}

static int say_no_properties(sd_bus_message *call) {
        return sd_bus_reply_method_return(call, "a{sv}", 0u);
}

static int say_wrong_property(sd_bus_message *call) {
        return sd_bus_reply_method_return(call, "a{sv}", 2u, "Unheard", "s", "of", "State", "u", 7u);
}

static int say_memory(sd_bus_message *call, const char *text, int seals) {
        _cleanup_(closep) int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_return_code(fcntl(fd, F_ADD_SEALS, seals), errno);
        return sd_bus_reply_method_return(call, "h", fd);
}

static int say_unsealed(sd_bus_message *call) {
        return say_memory(call, "cvmd-snapshot 1\nend\n", F_SEAL_SHRINK | F_SEAL_GROW);
}

static int say_garbage(sd_bus_message *call) {
        return say_memory(call, "cvmd-snapshot 7\n", F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

static int say_denied(sd_bus_message *call) {
        return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_ACCESS_DENIED, "no");
}

static int say_no_device(sd_bus_message *call) {
        return sd_bus_reply_method_errorf(call, "org.cvmd1.Error.NoSuchDevice", "no device \"\033[2J\"");
}

static int say_ambiguous(sd_bus_message *call) {
        return sd_bus_reply_method_errorf(call, "org.cvmd1.Error.AmbiguousDevice", "two");
}

static int say_unheard_of(sd_bus_message *call) {
        return sd_bus_reply_method_errorf(call, "org.cvmd1.Error.UnheardOf", "something new");
}

static int say_nobody_there(sd_bus_message *call) {
        return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_SERVICE_UNKNOWN, "who?");
}

static int end(sd_bus_message *call) {
        _exit(0);
}

/* -- the other end -- */

static int on_call(sd_bus_message *call, void *data, sd_bus_error *error) {
        reply_function reply = *(reply_function *)data;
        uint8_t type;

        assert_return_code(sd_bus_message_get_type(call, &type), 0);
        if (type != SD_BUS_MESSAGE_METHOD_CALL)
                return 0;
        if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus", "Hello"))
                return sd_bus_reply_method_return(call, "s", ":1.1");
        assert_return_code(reply(call), 0);
        return 1;
}

/* A bus with a daemon on it, in one process, for one connection. */
static _Noreturn void serve(int listener, reply_function reply) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), r = 0;
        sd_id128_t id = SD_ID128_MAKE(00, 01, 02, 03, 04, 05, 06, 07, 08, 09, 0a, 0b, 0c, 0d, 0e, 0f);
        sd_bus *bus;

        if (fd < 0 || sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
                sd_bus_set_server(bus, 1, id) < 0 || sd_bus_negotiate_fds(bus, 1) < 0 ||
                sd_bus_add_filter(bus, NULL, on_call, &reply) < 0 || sd_bus_start(bus) < 0)
                _exit(1);
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        _exit(0);
}

static int listen_at(struct sockaddr_un *address, char *folder) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_non_null(mkdtemp(folder));
        address->sun_family = AF_UNIX;
        snprintf(address->sun_path, sizeof(address->sun_path), "%s/bus", folder);
        assert_return_code(bind(fd, (struct sockaddr *)address, sizeof(*address)), errno);
        assert_return_code(listen(fd, 1), errno);
        return fd;
}

/* Runs a verb against such a daemon; its exit code. The diag is the context's. */
static enum exit_code run(int (*verb)(struct context *x, char **args, size_t n), reply_function reply,
        struct diag *ret_diag) {
        char folder[] = "/tmp/cvmctl-XXXXXX", address_text[sizeof(struct sockaddr_un) + 16];
        struct sockaddr_un address = {};
        _cleanup_(closep) int listener = listen_at(&address, folder);
        struct terminal no_terminal = {};
        struct options options = {};
        struct context x = { .options = &options };
        char device[] = "scsi", *args[] = { device };
        enum exit_code code;
        pid_t pid = fork();
        int r;

        assert_return_code(pid, errno);
        if (pid == 0)
                serve(listener, reply);
        snprintf(address_text, sizeof(address_text), "unix:path=%s", address.sun_path);
        options.given[OPTION_BUS] = true;
        options.values[OPTION_BUS] = address_text;
        assert_int_equal(output_init(&x.out, &no_terminal, &options), 0);
        r = verb(&x, args, 1);
        code = context_exit_code(&x, r);
        *ret_diag = x.diag;
        output_done(&x.out);

        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        unlink(address.sun_path);
        rmdir(folder);
        return code;
}

static void replies_that_break_the_contract_are_failures(void **state) {
        static const struct {
                int (*verb)(struct context *x, char **args, size_t n);
                reply_function reply;
                const char *says;
        } table[] = {
                { verb_status, say_text, "GetAll" },
                { verb_status, say_no_properties, "GetAll" },
                { verb_status, say_wrong_property, "GetAll" },
                { verb_block, say_number, "Block" },
                { verb_confirm, say_number, "Confirm" },
                { verb_plan, say_text, "Plan" },
                { verb_plan, say_list, "Plan" },
                { verb_plan, say_number, "Plan" },
                { verb_snapshot, say_text, "GetSnapshot" },
                { verb_snapshot, say_unsealed, "could still change" },
                { verb_snapshot, say_garbage, ":1" },
                { verb_monitor, say_text, "State" },
                { verb_reload, say_unheard_of, "something new" },
        };

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                struct diag d;

                assert_int_equal(run(table[i].verb, table[i].reply, &d), EXIT_CODE_FAILED);
                if (!strstr(d.text, table[i].says))
                        fail_msg("row %zu says '%s', not '%s'", i, d.text, table[i].says);
        }
}

static void refusals_have_their_exit_codes(void **state) {
        static const struct {
                int (*verb)(struct context *x, char **args, size_t n);
                reply_function reply;
                enum exit_code code;
        } table[] = {
                { verb_block, say_denied, EXIT_CODE_NOT_AUTHORISED },
                { verb_plan, say_denied, EXIT_CODE_NOT_AUTHORISED },
                { verb_allow, say_no_device, EXIT_CODE_NO_SUCH_THING },
                { verb_forget, say_ambiguous, EXIT_CODE_NO_SUCH_THING },
                { verb_status, say_nobody_there, EXIT_CODE_NO_DAEMON },
                { verb_status, end, EXIT_CODE_NO_DAEMON },
                { verb_monitor, end, EXIT_CODE_NO_DAEMON },
                { verb_reload, end, EXIT_CODE_NO_DAEMON },
        };

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                struct diag d;

                enum exit_code code = run(table[i].verb, table[i].reply, &d);

                if (code != table[i].code)
                        fail_msg("row %zu ends with %d: %s", i, (int)code, d.text);
                assert_true(d.text[0]);
        }
}

static void reload_takes_an_empty_reply(void **state) {
        struct diag d;

        assert_int_equal(run(verb_reload, say_no_properties, &d), EXIT_CODE_GOOD);
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_that_break_the_contract_are_failures),
        cmocka_unit_test(refusals_have_their_exit_codes),
        cmocka_unit_test(reload_takes_an_empty_reply),
};

RUN(tests)
