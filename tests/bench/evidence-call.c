/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * evidence-call ADDRESS WHAT ROUNDS: calls of cvmd on the bus at ADDRESS, one after the other. WHAT is
 * evidence or ping, which is answered with nothing. Prints the milliseconds of each round.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "lib/base/cleanup.h"

#define TIMEOUT_USEC (60 * 1000 * (uint64_t)1000)

static double wall_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int prepare(sd_bus *bus, bool evidence, unsigned round, sd_bus_message **ret) {
        uint8_t nonce[32] = {};
        int r = sd_bus_message_new_method_call(bus, ret, "org.cvmd1", "/org/cvmd1",
                evidence ? "org.cvmd1.Attestation" : "org.freedesktop.DBus.Peer",
                evidence ? "GetEvidence" : "Ping");

        if (r < 0 || !evidence)
                return r;
        memcpy(nonce, &round, sizeof(round));
        r = sd_bus_message_append_array(*ret, 'y', nonce, sizeof(nonce));
        return r < 0 ? r : sd_bus_message_append(*ret, "a{sv}", 0u);
}

static int run(const char *address, bool evidence, unsigned rounds) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r = sd_bus_new(&bus);

        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        for (unsigned i = 0; i <= rounds && r >= 0; i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
                _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
                double began = wall_ms();

                r = prepare(bus, evidence, i, &call);
                if (r >= 0)
                        r = sd_bus_call(bus, call, TIMEOUT_USEC, &e, &reply);
                if (r < 0)
                        fprintf(stderr, "evidence-call: %s\n", e.message ?: strerror(-r));
                else if (i > 0) /* the first one connects, and starts who is not there yet */
                        printf("%.4f\n", wall_ms() - began);
        }
        return r;
}

int main(int argc, char *argv[]) {
        if (argc == 4 &&
                run(argv[1], strcmp(argv[2], "evidence") == 0, (unsigned)strtoul(argv[3], NULL, 10)) >= 0)
                return EXIT_SUCCESS;
        return EXIT_FAILURE;
}
