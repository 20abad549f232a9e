/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The only code that changes a device. The override goes before the unbind: if it came after, anything in
 * between that makes the kernel look for drivers would bind the device again.
 */
#include "lib/enforce/apply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/escape.h"
#include "lib/base/number.h"
#include "lib/enforce/link-down.h"
#include "lib/facts/link-path.h"

#define BUS "sys/bus/vmbus"
#define PATH_SIZE 512 /* each path below has one name of at most 255 bytes, and little around it */

/* What is known about the device while an action is under way. */
struct action {
        struct sysroot *root;
        int state;
        const struct guid *guid;
        char instance[GUID_TEXT_SIZE];
        uint32_t relid; /* another one means another object of the same name; 0 when it cannot be read */
        struct apply_result result;
};

/* Keeps the first trouble; what follows is mostly its consequence. */
static void trouble(struct action *a, int error, const char *format, ...) _printf_(3, 4);

static void trouble(struct action *a, int error, const char *format, ...) {
        size_t used;
        va_list args;

        if (a->result.what[0])
                return;
        a->result.error = error;
        va_start(args, format);
        vsnprintf(a->result.what, sizeof(a->result.what), format, args);
        va_end(args);
        used = strlen(a->result.what);
        if (error < 0)
                snprintf(a->result.what + used, sizeof(a->result.what) - used, ": %s", errno_text(error));
}

static const char *device_path(const struct action *a, const char *attribute, char path[PATH_SIZE]) {
        snprintf(path, PATH_SIZE, BUS "/devices/%s/%s", a->instance, attribute);
        return path;
}

/* The relid; 0 where it makes no sense, which is no reason not to block the device. -ENODEV when it is gone.
 */
static int read_relid(const struct action *a, uint32_t *ret) {
        _cleanup_(freep) char *text = NULL;
        char path[PATH_SIZE];
        int r = sysroot_read_line(a->root, device_path(a, "id", path), &text);

        if (r == -ENOENT || r == -ENODEV)
                return -ENODEV;
        if (r < 0 || number_parse_u32(text, 10, ret) < 0)
                *ret = 0;
        return 0;
}

/* The name of the bound driver, NULL when there is none. The caller frees *ret. */
static int read_driver(const struct action *a, char **ret) {
        _cleanup_(freep) char *target = NULL;
        char path[PATH_SIZE];
        char *name;
        int r = sysroot_read_link(a->root, device_path(a, "driver", path), &target);

        if (r == -ENOENT) {
                *ret = NULL;
                return 0;
        }
        if (r < 0)
                return r;
        name = strdup(path_name(target));
        if (!name)
                return -ENOMEM;
        *ret = name;
        return 0;
}

/* "" when unset. The caller frees *ret. */
static int read_override(const struct action *a, char **ret) {
        char path[PATH_SIZE];
        char *text;
        int r = sysroot_read_line(a->root, device_path(a, "driver_override", path), &text);

        if (r < 0)
                return r;
        if (strcmp(text, "(null)") == 0)
                text[0] = 0;
        *ret = text;
        return 0;
}

/* An empty write never reaches the kernel; an empty line does, and clears the override. */
static int write_override(const struct action *a, const char *override) {
        char path[PATH_SIZE];

        return sysroot_write(a->root, device_path(a, "driver_override", path), SYSROOT_WRITE,
                override[0] ? override : "\n");
}

static enum ring_state read_ring(const struct action *a) {
        _cleanup_(freep) char *mask = NULL;
        char attribute[64], path[PATH_SIZE];
        int r;

        snprintf(attribute, sizeof(attribute), "channels/%" PRIu32 "/out_mask", a->relid);
        r = sysroot_read_line(a->root, device_path(a, attribute, path), &mask);
        if (r == -EINVAL)
                return RING_CLOSED;
        return r < 0 ? RING_UNKNOWN : RING_OPEN;
}

static int unbind(const struct action *a, const char *driver) {
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), BUS "/drivers/%s/unbind", driver);
        return sysroot_write(a->root, path, SYSROOT_WRITE, a->instance);
}

static int note_override(const struct action *a, const char *override, struct diag *d) {
        _cleanup_(freep) char *escaped = NULL;
        int r = escape_new(override, strlen(override), &escaped);

        return r < 0 ? diag_errno(d, r, "escape") : note_write(a->state, NOTE_OVERRIDE, a->guid, escaped, d);
}

/* What the note says, "" without one. The caller frees *ret. */
static int noted_override(const struct action *a, char **ret, struct diag *d) {
        _cleanup_(freep) char *escaped = NULL, *text = NULL;
        size_t n;
        int r = note_read(a->state, NOTE_OVERRIDE, a->guid, &escaped, d);

        if (r < 0 && r != -ENODATA)
                return r;
        r = unescape_new(escaped ? escaped : "", escaped ? strlen(escaped) : 0, &text, &n);
        if (r < 0)
                return diag_errno(d, r, "%s/%s", note_kind_to_string(NOTE_OVERRIDE), a->instance);
        *ret = TAKE(text);
        return 0;
}

/*
 * From here to action_end() the device's folder is held: none that comes under its name is touched. What
 * cannot be held is looked up by its path. -ENODEV when it is gone, or another one.
 */
static int action_begin(struct action *a, const struct apply_device *device) {
        char path[PATH_SIZE];
        struct stat st;
        int r;

        guid_format(a->guid, a->instance);
        snprintf(path, sizeof(path), BUS "/devices/%s", a->instance);
        r = sysroot_hold(a->root, path);
        if (r == -ENOENT || r == -ENODEV)
                return -ENODEV;
        if (r >= 0 && device->inode > 0 && sysroot_stat_held(a->root, &st) >= 0 &&
                st.st_ino != device->inode)
                return -ENODEV;
        r = read_relid(a, &a->relid);
        if (r >= 0)
                a->result.ring_before = read_ring(a);
        return r;
}

/*
 * Ends an action whose re-read is done: a device that went meanwhile is gone, whatever was read of it
 * before, and one that came under the same name since is another, without an override of ours.
 */
static int action_end(struct action *a, int r, struct apply_result *ret, struct diag *d) {
        uint32_t relid = 0;

        if (r >= 0)
                r = read_relid(a, &relid); /* of the folder that is held */
        sysroot_release(a->root);
        if (r >= 0)
                r = read_relid(a, &relid); /* of who has the name now */
        if (r >= 0 && (relid == a->relid || relid == 0 || a->relid == 0)) {
                *ret = a->result;
                return 0;
        }
        r = note_remove(a->state, NOTE_OVERRIDE, a->guid, d);
        return r < 0 ? -ENODEV : diag_errno(d, -ENODEV, "%s", a->instance);
}

/* Notes the override that was there, unless it is ours: then the note that belongs to it stays, or is made.
 */
static int keep_aside(struct action *a, const char *before, struct diag *d) {
        _cleanup_(freep) char *noted = NULL;
        int r = -ENODATA;

        if (strcmp(before, BLOCKED_OVERRIDE) == 0) {
                r = note_read(a->state, NOTE_OVERRIDE, a->guid, &noted, d);
                before = "";
        }
        return r == -ENODATA ? note_override(a, before, d) : r;
}

static void override_for_block(struct action *a) {
        _cleanup_(freep) char *before = NULL;
        struct diag d = {};
        int r = read_override(a, &before);

        if (r < 0)
                trouble(a, r, "reading driver_override");
        else {
                r = keep_aside(a, before, &d);
                if (r < 0)
                        trouble(a, r, "noting the override that was there: %s", d.text);
                if (strcmp(before, BLOCKED_OVERRIDE) == 0)
                        return;
        }
        r = write_override(a, BLOCKED_OVERRIDE);
        if (r < 0)
                trouble(a, r, "writing driver_override");
}

static void unbind_if_bound(struct action *a) {
        _cleanup_(freep) char *driver = NULL;
        int r = read_driver(a, &driver);

        if (r < 0) {
                trouble(a, r, "reading the driver link");
                return;
        }
        if (!driver)
                return;
        r = unbind(a, driver);
        if (r < 0)
                trouble(a, r, "unbinding from %s", driver);
}

static uint64_t boottime_usec(void) {
        struct timespec t = {};

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Whoever gets an older event learns from it nothing that the re-read does not know. */
static uint64_t last_uevent(const struct action *a) {
        _cleanup_(freep) char *text = NULL;
        uint64_t seqnum = 0;

        if (sysroot_read_line(a->root, "sys/kernel/uevent_seqnum", &text) < 0 ||
                number_parse(text, 10, UINT64_MAX, &seqnum) < 0)
                return 0;
        return seqnum;
}

/* Reads driver and override again: 0 or the errno that kept it from doing so. */
static int re_read(struct action *a, char **ret_override) {
        _cleanup_(freep) char *driver = NULL;
        int r = read_driver(a, &driver);

        if (r < 0)
                return r;
        snprintf(a->result.driver, sizeof(a->result.driver), "%s", driver ? driver : "");
        a->result.ring_after = read_ring(a);
        return read_override(a, ret_override);
}

static void judge_block(struct action *a) {
        _cleanup_(freep) char *override = NULL;
        int r = re_read(a, &override);

        if (r < 0)
                trouble(a, r, "reading back");
        else if (a->result.driver[0])
                trouble(a, 0, "driver %s is still bound", a->result.driver);
        else if (strcmp(override, BLOCKED_OVERRIDE) != 0)
                trouble(a, 0, "driver_override does not hold");
        else if (a->result.ring_before == RING_OPEN && a->result.ring_after != RING_CLOSED)
                trouble(a, 0, "the ring is still open");
        else
                a->result.effective = true;
}

/* Its links are down, or it says of one that is not. */
static int isolate(struct action *a, struct diag *d) {
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), BUS "/devices/%s", a->instance);
        return links_down(a->root, path, d);
}

int apply_isolate(struct sysroot *root, const struct guid *instance, struct apply_result *ret,
        struct diag *d) {
        struct action a = { .root = root, .guid = instance };
        struct diag links = {};
        int r;

        guid_format(instance, a.instance);
        r = isolate(&a, &links);
        if (r < 0)
                trouble(&a, 0, "%s", links.text);
        a.result.effective = r >= 0;
        *ret = a.result;
        return 0;
}

int apply_block(struct sysroot *root, int state, const struct apply_device *device, struct apply_result *ret,
        struct diag *d) {
        struct action a = { .root = root, .state = state, .guid = &device->instance };
        struct diag links = {};
        int r = action_begin(&a, device), links_r;

        if (r >= 0) {
                links_r = isolate(&a, &links);
                override_for_block(&a);
                a.result.began = boottime_usec();
                unbind_if_bound(&a);
                a.result.uevents = last_uevent(&a);
                judge_block(&a);
                a.result.confirmed = boottime_usec();
                /* last: an unbind makes up for it, so that anything else that went wrong matters more */
                if (links_r < 0)
                        trouble(&a, 0, "%s", links.text);
        }
        return action_end(&a, r, ret, d);
}

/* Puts back what was there, unless somebody else did already; *ret is what the override ought to be then. */
static int override_for_release(struct action *a, char **ret) {
        _cleanup_(freep) char *now = NULL, *before = NULL;
        struct diag d = {};
        int r = read_override(a, &now);

        if (r < 0) {
                trouble(a, r, "reading driver_override");
                return r;
        }
        if (strcmp(now, BLOCKED_OVERRIDE) != 0) {
                *ret = TAKE(now);
                return 0;
        }
        r = noted_override(a, &before, &d);
        if (r < 0) {
                trouble(a, r, "the override that was there before: %s", d.text);
                return r;
        }
        r = write_override(a, before);
        if (r < 0)
                trouble(a, r, "writing driver_override");
        *ret = TAKE(before);
        return 0;
}

static void probe_if_unbound(struct action *a) {
        _cleanup_(freep) char *driver = NULL;
        int r = read_driver(a, &driver);

        if (r >= 0 && driver)
                return;
        r = sysroot_write(a->root, BUS "/drivers_probe", SYSROOT_WRITE, a->instance);
        if (r < 0)
                trouble(a, r, "writing drivers_probe");
}

static void judge_release(struct action *a, const char *wanted) {
        _cleanup_(freep) char *override = NULL;
        struct diag d = {};
        int r = re_read(a, &override);

        if (r < 0) {
                trouble(a, r, "reading back");
                return;
        }
        if (strcmp(override, wanted) != 0) {
                trouble(a, 0, "driver_override was not restored");
                return;
        }
        a->result.effective = true;
        r = note_remove(a->state, NOTE_OVERRIDE, a->guid, &d);
        if (r < 0)
                trouble(a, r, "removing the note: %s", d.text);
}

int apply_release(struct sysroot *root, int state, const struct apply_device *device,
        struct apply_result *ret, struct diag *d) {
        struct action a = { .root = root, .state = state, .guid = &device->instance };
        _cleanup_(freep) char *wanted = NULL;
        int r = action_begin(&a, device);

        if (r >= 0) {
                if (override_for_release(&a, &wanted) >= 0) {
                        probe_if_unbound(&a);
                        judge_release(&a, wanted);
                }
        }
        return action_end(&a, r, ret, d);
}
