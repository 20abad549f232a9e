// SPDX-License-Identifier: GPL-2.0-only
/*
 * hvsim: offers synthetic channels to the hv_vmbus driver of a test guest
 *
 * QEMU's vmbus-bridge gives the guest a true VMBus, but one device only and never a confidential
 * connection. This module plays the host's part beyond that: it hands CHANNELMSG_OFFERCHANNEL and
 * CHANNELMSG_RESCIND_CHANNELOFFER to the driver's own handlers, so that device objects, sysfs files,
 * uevents, tracepoints and struct vmbus_channel are the kernel's own work and not imitations.
 *
 * One command per write to /sys/kernel/debug/hvsim:
 *
 *   offer RELID CLASS INSTANCE FLAGS [SUBINDEX]	FLAGS in hex: 2 confidential ring, 4 confidential memory
 *   again RELID CLASS INSTANCE FLAGS		the same channel once more, without a rescind
 *   rescind RELID
 *   register DRIVER, unregister DRIVER			one of the stub drivers below
 *
 * The same offers can be made as soon as the module is loaded, as by a host that has its devices ready
 * before the guest has its drivers: offers=RELID/CLASS/INSTANCE/FLAGS,... before the stubs register, and
 * with a + in front after that.
 *
 * The stubs have the names of the real drivers, bind to the same classes and open no channel; the
 * real ones must not be loaded beside them. Unloading the module rescinds what it offered.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hyperv.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#define CONFIDENTIAL_VERSION	(6 << 16)
#define RELID_MAX		2048
#define OFFERS_MAX		16

static bool confidential;
module_param(confidential, bool, 0400);
MODULE_PARM_DESC(confidential, "make the driver believe in a confidential connection, protocol 6.0");

static char *offers[OFFERS_MAX];
static int n_offers;
module_param_array(offers, charp, &n_offers, 0400);
MODULE_PARM_DESC(offers, "what the host offers at once: RELID/CLASS/INSTANCE/FLAGS, + in front for after the drivers");

static unsigned int remove_ms;
module_param(remove_ms, uint, 0600);
MODULE_PARM_DESC(remove_ms, "how long the stub drivers take to let go of a device");

static unsigned int held;
module_param(held, uint, 0600);
MODULE_PARM_DESC(held, "the relid of the one device that they do not let go of before this is changed");

/* What the driver keeps to itself. */
static unsigned long (*lookup)(const char *name);
static void (*onoffer)(struct vmbus_channel_message_header *msg);
static void (*onrescind)(struct vmbus_channel_message_header *msg);
static atomic_t *offer_in_progress;
static bool *driver_confidential;

static u32 real_version;
static struct dentry *control;
static DEFINE_MUTEX(control_lock);
static DECLARE_BITMAP(offered, RELID_MAX);

static int stub_probe(struct hv_device *dev, const struct hv_vmbus_device_id *id)
{
	return 0;
}

static void let_go(struct hv_device *dev)
{
	msleep(remove_ms);
	while (READ_ONCE(held) && READ_ONCE(held) == dev->channel->offermsg.child_relid)
		msleep(20);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static int stub_remove(struct hv_device *dev)
{
	let_go(dev);
	return 0;
}
#else
static void stub_remove(struct hv_device *dev)
{
	let_go(dev);
}
#endif

static const struct hv_vmbus_device_id net_ids[] = { { HV_NIC_GUID }, {} };
static const struct hv_vmbus_device_id storage_ids[] = { { HV_SCSI_GUID }, { HV_IDE_GUID }, {} };
static const struct hv_vmbus_device_id utils_ids[] = {
	{ HV_TS_GUID }, { HV_HEART_BEAT_GUID }, { HV_SHUTDOWN_GUID }, { HV_KVP_GUID }, {}
};

static struct stub {
	struct hv_driver driver;
	bool registered;
} stubs[] = {
	{ { .name = "hv_netvsc", .id_table = net_ids, .probe = stub_probe, .remove = stub_remove } },
	{ { .name = "hv_storvsc", .id_table = storage_ids, .probe = stub_probe, .remove = stub_remove } },
	{ { .name = "hv_utils", .id_table = utils_ids, .probe = stub_probe, .remove = stub_remove } },
};

static struct stub *stub_by_name(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(stubs); i++)
		if (!strcmp(stubs[i].driver.name, name))
			return &stubs[i];
	return NULL;
}

static int stub_register(struct stub *stub)
{
	int r;

	if (!stub)
		return -ENOENT;
	if (stub->registered)
		return -EEXIST;
	r = vmbus_driver_register(&stub->driver);
	stub->registered = !r;
	return r;
}

static int stub_unregister(struct stub *stub)
{
	if (!stub || !stub->registered)
		return -ENOENT;
	vmbus_driver_unregister(&stub->driver);
	stub->registered = false;
	return 0;
}

/* again: of what is offered already. The kernel takes class and flags over, and tells nobody. */
static int offer(u32 relid, const char *class, const char *instance, u16 flags, u16 sub, bool again)
{
	struct vmbus_channel_offer_channel *msg;
	int r;

	if (relid >= RELID_MAX)
		return -EINVAL;
	if (test_bit(relid, offered) != again)
		return again ? -ENOENT : -EEXIST;

	msg = kzalloc(sizeof(*msg), GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	r = guid_parse(class, &msg->offer.if_type) ?: guid_parse(instance, &msg->offer.if_instance);
	if (!r) {
		msg->header.msgtype = CHANNELMSG_OFFERCHANNEL;
		msg->offer.chn_flags = flags;
		msg->offer.sub_channel_index = sub;
		msg->child_relid = relid;
		msg->connection_id = 0x1000 + relid;
		msg->is_dedicated_interrupt = 1;
		set_bit(relid, offered);
		atomic_inc(offer_in_progress);	/* the message dispatcher's part; the driver decrements */
		onoffer(&msg->header);
	}
	kfree(msg);
	return r;
}

static int rescind(u32 relid)
{
	struct vmbus_channel_rescind_offer msg = {
		.header.msgtype = CHANNELMSG_RESCIND_CHANNELOFFER,
		.child_relid = relid,
	};

	if (relid >= RELID_MAX || !test_and_clear_bit(relid, offered))
		return -ENOENT;
	onrescind(&msg.header);
	return 0;
}

static int offer_at_once(bool after_drivers)
{
	int i, r = 0;

	for (i = 0; i < n_offers && !r; i++) {
		const char *line = offers[i];
		char class[40], instance[40];
		unsigned int relid, flags;

		if ((line[0] == '+') != after_drivers)
			continue;
		if (sscanf(line + after_drivers, "%u/%39[^/]/%39[^/]/%x", &relid, class, instance, &flags) != 4)
			return -EINVAL;
		r = offer(relid, class, instance, flags, 0, false);
	}
	return r;
}

static int control_run(const char *line)
{
	char a[40], b[40];
	unsigned int relid, flags, sub = 0;

	if (sscanf(line, "offer %u %39s %39s %x %u", &relid, a, b, &flags, &sub) >= 4)
		return offer(relid, a, b, flags, sub, false);
	if (sscanf(line, "again %u %39s %39s %x", &relid, a, b, &flags) == 4)
		return offer(relid, a, b, flags, 0, true);
	if (sscanf(line, "rescind %u", &relid) == 1)
		return rescind(relid);
	if (sscanf(line, "register %39s", a) == 1)
		return stub_register(stub_by_name(a));
	if (sscanf(line, "unregister %39s", a) == 1)
		return stub_unregister(stub_by_name(a));
	return -EINVAL;
}

static ssize_t control_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char line[192];
	int r;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, size))
		return -EFAULT;
	line[size] = 0;

	mutex_lock(&control_lock);
	r = control_run(line);
	mutex_unlock(&control_lock);
	return r ?: size;
}

static const struct file_operations control_ops = { .owner = THIS_MODULE, .write = control_write };

/* kallsyms_lookup_name() is not exported, but a probe on it tells where it is. */
static int find_lookup(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	int r = register_kprobe(&probe);

	if (r)
		return r;
	lookup = (void *)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

static int find_symbols(void)
{
	unsigned long connection;
	int r = find_lookup();

	if (r)
		return r;
	onoffer = (void *)lookup("vmbus_onoffer");
	onrescind = (void *)lookup("vmbus_onoffer_rescind");
	connection = lookup("vmbus_connection");
	if (!onoffer || !onrescind || !connection) {
		pr_err("this kernel's hv_vmbus has no vmbus_onoffer, vmbus_onoffer_rescind or vmbus_connection\n");
		return -ENOENT;
	}
	/* struct vmbus_connection begins with conn_state, a 32-bit enum, then offer_in_progress */
	offer_in_progress = (void *)(connection + sizeof(u32));
	driver_confidential = (void *)lookup("is_confidential");
	return 0;
}

/* As the driver does when it has negotiated: the log and the variable must not contradict each other. */
static void set_version(u32 version)
{
	vmbus_proto_version = version;
	printk(KERN_INFO "hv_vmbus: Vmbus version:%u.%u\n", version >> 16, version & 0xffff);
}

static int connection_pretend(void)
{
	if (!confidential)
		return 0;
	if (!driver_confidential) {
		pr_err("this kernel's hv_vmbus knows no confidential connection: load without confidential=1\n");
		return -EOPNOTSUPP;
	}
	real_version = vmbus_proto_version;
	set_version(CONFIDENTIAL_VERSION);
	*driver_confidential = true;
	return 0;
}

static void connection_restore(void)
{
	if (!confidential)
		return;
	set_version(real_version);
	*driver_confidential = false;
}

static void stubs_unregister(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(stubs); i++)
		stub_unregister(&stubs[i]);
}

static void rescind_all(void)
{
	unsigned int relid;

	/* from the top: a sub-channel has the higher relid and must go before its primary channel */
	for (relid = RELID_MAX; relid-- > 0; )
		rescind(relid);
}

static int __init hvsim_init(void)
{
	int i, r = find_symbols() ?: connection_pretend();

	if (r)
		return r;
	r = offer_at_once(false);
	for (i = 0; i < ARRAY_SIZE(stubs) && !r; i++)
		r = stub_register(&stubs[i]);
	r = r ?: offer_at_once(true);
	if (r) {
		rescind_all();
		stubs_unregister();
		connection_restore();
		return r;
	}
	control = debugfs_create_file("hvsim", 0200, NULL, NULL, &control_ops);
	return 0;
}

static void __exit hvsim_exit(void)
{
	debugfs_remove(control);
	rescind_all();
	stubs_unregister();
	connection_restore();
}

module_init(hvsim_init);
module_exit(hvsim_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Synthetic VMBus offers for tests");
