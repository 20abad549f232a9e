/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One device from its folder in sysfs. The host chooses what is in there and when it changes; whatever
 * cannot be read or makes no sense leaves the device in place, without that fact and with a problem that
 * says so.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/number.h"
#include "lib/facts/guest-private.h"
#include "lib/facts/link-path.h"

void device_done(struct device *d) {
        free(d->path);
        free(d->driver);
        free(d->driver_override);
        free(d->channels);
        for (size_t i = 0; i < d->n_dependents; i++) {
                free(d->dependents[i].name);
                free(d->dependents[i].through);
        }
        free(d->dependents);
        free(d->problem);
        *d = (struct device){};
}

int device_problem(struct device *d, const char *format, ...) {
        _cleanup_(freep) char *text = NULL;
        char *both;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;
        if (asprintf(&both, "%s%s%s", d->problem ? d->problem : "", d->problem ? "; " : "", text) < 0)
                return -ENOMEM;
        free(d->problem);
        d->problem = both;
        return 0;
}

/* The text of an attribute in the folder f of the device, or NULL with a problem. The caller frees *ret. */
static int read_attribute(const struct snapshot_folder *f, struct device *d, const char *name, char **ret) {
        const struct snapshot_entry *e = snapshot_find_in(f, name);
        const char *text;
        size_t n;

        text = snapshot_entry_text(e, &n);
        if (text && n > 0 && !memchr(text, '\n', n)) {
                char *copy = strndup(text, n);

                if (!copy)
                        return -ENOMEM;
                *ret = copy;
                return 0;
        }
        *ret = NULL;
        if (!e)
                return device_problem(d, "%s: not there", name);
        d->unreadable |= e->kind == SNAPSHOT_ERROR;
        if (e->kind == SNAPSHOT_ERROR && e->error == EAGAIN)
                return device_problem(d, "%s: changed while it was read", name);
        if (e->kind == SNAPSHOT_ERROR)
                return device_problem(d, "%s: %s", name, errno_text(-e->error));
        return device_problem(d, "%s: empty, or not one line of text", name);
}

static int eval_guid(const struct snapshot_folder *f, struct device *d, const char *name, struct guid *ret) {
        _cleanup_(freep) char *text = NULL;
        int r = read_attribute(f, d, name, &text);

        if (r < 0 || !text)
                return r;
        return guid_parse(text, ret) < 0 ? device_problem(d, "%s: not a GUID", name) : 0;
}

static int eval_number(const struct snapshot_folder *f, struct device *d, const char *name, unsigned base,
        uint32_t *ret) {
        _cleanup_(freep) char *text = NULL;
        int r = read_attribute(f, d, name, &text);

        if (r < 0 || !text)
                return r;
        return number_parse_u32(text, base, ret) < 0 ? device_problem(d, "%s: not a number", name) : 0;
}

/* The same, where it is no problem that the attribute is not there. */
static int eval_optional_number(const struct snapshot_folder *f, struct device *d, const char *name,
        uint32_t *ret) {
        return snapshot_find_in(f, name) ? eval_number(f, d, name, 16, ret) : 0;
}

/* The class by class_id; ret_said: it says one. */
static int eval_last_class(const struct snapshot_folder *f, struct device *d, struct guid *ret,
        bool *ret_said) {
        _cleanup_(freep) char *text = NULL;
        int r = read_attribute(f, d, "class_id", &text);

        *ret_said = text && guid_parse(text, ret) == 0;
        return r == 0 && text && !*ret_said ? device_problem(d, "class_id: not a GUID") : r;
}

/*
 * class_id is that of the last offer, and a host that offers an instance again changes it without a word.
 * Drivers are matched by what the device was when the kernel made it, which is what its modalias says.
 * Recordings may lack the one, a first look the other.
 */
static int eval_class(const struct snapshot_folder *f, struct device *d) {
        bool lasting = snapshot_find_in(f, "modalias"), said = false;
        _cleanup_(freep) char *text = NULL;
        struct guid last = {};
        int r = 0;

        if (!lasting || snapshot_find_in(f, "class_id"))
                r = eval_last_class(f, d, &last, &said);
        if (!lasting)
                d->class = last;
        else if (r == 0)
                r = read_attribute(f, d, "modalias", &text);
        if (r == 0 && text && !vmbus_class_of_modalias(text, &d->class))
                return device_problem(d, "modalias: not a class of the VMBus");
        if (r == 0 && text && said && !guid_equal(&last, &d->class))
                r = device_problem(d, "class_id: the host has offered it again as another class");
        d->known = vmbus_class_by_guid(&d->class);
        d->candidate = d->known ? d->known->drivers[0] : NULL;
        return r;
}

/* What the device says that it is must be what its folder says. */
static int check_instance(const struct snapshot_folder *f, struct device *d) {
        struct guid said = d->instance;
        int r = snapshot_find_in(f, "device_id") ? eval_guid(f, d, "device_id", &said) : 0;

        if (r < 0 || guid_equal(&said, &d->instance))
                return r;
        return device_problem(d, "device_id: differs from the name of its folder");
}

static int eval_driver(const struct snapshot_folder *f, struct device *d) {
        const struct snapshot_entry *e = snapshot_find_in(f, "driver");

        if (!e)
                return 0;
        if (e->kind != SNAPSHOT_SYMLINK)
                return device_problem(d, "driver: not a link that could be read");
        d->driver = strdup(path_name(e->value));
        return d->driver ? 0 : -ENOMEM;
}

static int eval_override(const struct snapshot_folder *f, struct device *d) {
        size_t n;
        const char *text = snapshot_entry_text(snapshot_find_in(f, "driver_override"), &n);

        if (!text)
                return 0;
        if (n == strlen("(null)") && memcmp(text, "(null)", n) == 0)
                n = 0; /* how the kernel prints that there is none */
        d->driver_override = strndup(text, n);
        return d->driver_override ? 0 : -ENOMEM;
}

/* Folder and GUID. A name that the kernel would not have written gets a GUID that no device has. */
static int eval_folder(struct guest *g, struct device *d, const char *name, const struct snapshot_entry *e) {
        _cleanup_(freep) char *link = NULL;
        size_t odd = g->n_devices + 1;

        link = path_join("sys/bus/vmbus/devices", name);
        if (!link)
                return -ENOMEM;
        if (!e || e->kind != SNAPSHOT_SYMLINK)
                d->path = TAKE(link);
        else if (link_resolve(link, e->value, &d->path) < 0)
                return -ENOMEM;

        if (guid_parse(name, &d->instance) == 0) {
                guid_format(&d->instance, d->instance_text);
                if (strcmp(d->instance_text, name) == 0)
                        return 0;
        }
        d->instance = (struct guid){};
        for (size_t i = 0; i < sizeof(odd); i++)
                d->instance.bytes[sizeof(d->instance.bytes) - 1 - i] = (uint8_t)(odd >> 8 * i);
        guid_format(&d->instance, d->instance_text);
        return device_problem(d, "its folder \"%.64s\" has no GUID for a name as the kernel writes it",
                name);
}

/* Which object all that is known of the device was read of. */
static void eval_object(const struct snapshot *s, struct device *d) {
        const struct snapshot_entry *folder = snapshot_find(s, d->path);

        d->inode = folder && folder->kind == SNAPSHOT_DIR ? folder->inode : 0;
}

/*
 * The kernel matches this driver with its connections alone, and connections with nothing else. What has
 * another driver, or a class that is no service's, is none: the host has changed the flags since.
 */
static int check_connection(struct device *d) {
        bool connected = d->driver && strcmp(d->driver, "hv_sock") == 0;
        bool flagged = d->hvsock;

        d->hvsock = connected || (flagged && !d->driver && !d->known);
        if (!flagged || d->hvsock)
                return 0;
        return device_problem(d, "its flags: the host calls it an hv_sock connection, and it is none");
}

static int eval_device(struct guest *g, const struct snapshot *s, const struct guest_connection *c,
        const char *name, const struct snapshot_entry *e, struct device *d) {
        const struct snapshot_folder root = snapshot_root(s);
        struct snapshot_folder f;
        int r = eval_folder(g, d, name, e);

        if (r < 0)
                return r;
        eval_object(s, d);
        f = snapshot_enter(&root, d->path);
        r = eval_class(&f, d);
        if (r == 0)
                r = check_instance(&f, d);
        if (r == 0)
                r = eval_number(&f, d, "id", 10, &d->relid);
        if (r == 0)
                r = eval_optional_number(&f, d, "vendor", &d->vendor);
        if (r == 0)
                r = eval_optional_number(&f, d, "device", &d->device);
        if (r == 0)
                r = eval_driver(&f, d);
        if (r == 0)
                r = eval_override(&f, d);
        if (r == 0)
                r = guest_eval_channels(g, s, &f, c, d);
        if (r == 0)
                r = check_connection(d);
        if (r == 0 && d->problem)
                r = guest_warn(g, "device %s: %s", d->instance_text, d->problem);
        return r;
}

int guest_add_device(struct guest *g, const struct snapshot *s, const struct guest_connection *c,
        const char *name, const struct snapshot_entry *e) {
        _cleanup_(device_done) struct device d = {};
        struct device *bigger;
        int r = eval_device(g, s, c, name, e, &d);

        if (r < 0)
                return r;
        bigger = reallocarray(g->devices, g->n_devices + 1, sizeof(*bigger));
        if (!bigger)
                return -ENOMEM;
        g->devices = bigger;
        g->devices[g->n_devices++] = d;
        d = (struct device){};
        return 0;
}
