#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may do what: every answer that polkit can give, and that it does not give any. test-polkitd.py has the real one."""

import os
import pty
import subprocess

from dbus_client import INTERACTIVE, memory
from evidence import Bundle, FakeHelpers
from harness import DISK, NETWORK, PATIENCE, PLAIN, PLAIN_NETWORK, Guest, Programs, wait_for
from introspection import promised_by
from polkit import GROUP, USER, Caller, FakePolkit, need_root
from tap import main

DEVICE_PATH = "/org/cvmd1/device/" + NETWORK.replace("-", "_")
NONCE = bytes(range(16))
INTERACTIVE_REQUIRED = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
OPEN_TO_ALL = {"DescribeProviders"}

# what each method takes so that it comes as far as to be authorised, and what for
METHODS = {
    ("org.cvmd1.Manager", "Reload"): ("manage-policy", "reload"),
    ("org.cvmd1.Manager", "Rescan"): ("manage-device", "rescan"),
    ("org.cvmd1.Manager", "Block"): ("manage-device", "block", "sa{sv}", DISK, {}),
    ("org.cvmd1.Manager", "Allow"): ("manage-device", "allow", "sa{sv}", DISK, {}),
    ("org.cvmd1.Manager", "Forget"): ("manage-device", "forget", "sa{sv}", DISK, {}),
    ("org.cvmd1.Manager", "Confirm"): ("manage-device", "confirm", "s", ""),
    ("org.cvmd1.Manager", "StartTrial"): ("manage-policy", "start-trial", "u", 1),
    ("org.cvmd1.Manager", "ConfirmTrial"): ("manage-policy", "confirm-trial"),
    ("org.cvmd1.Manager", "Plan"): ("manage-policy", "plan"),
    ("org.cvmd1.Manager", "Evaluate"): ("manage-policy", "evaluate", "a(sh)", [("p", 0)]),
    ("org.cvmd1.Manager", "Try"): ("manage-policy", "try", "a(sh)t", [("p", 0)], 60),
    ("org.cvmd1.Manager", "EndTry"): ("manage-policy", "end-try"),
    ("org.cvmd1.Manager", "GetSnapshot"): ("manage-policy", "snapshot"),
    ("org.cvmd1.Device", "GetDependents"): ("manage-device", "dependents"),
    ("org.cvmd1.Device", "Explain"): ("manage-device", "explain"),
    ("org.cvmd1.Attestation", "GetEvidence"): ("attest", "evidence", "aya{sv}", NONCE, {}),
}


def started(behaviour=None, patience=600000):
    """A guest with cvmd, and a polkit if it is to behave; which has longer than a test, so that no test passes for that."""
    need_root()
    guest = Guest("snp-openhcl")
    try:
        guest.polkit = FakePolkit(guest, behaviour) if behaviour else None
        guest.cvmd.start(f"--polkit-patience={patience}")
    except BaseException:
        guest.__exit__(AssertionError)
        raise
    return guest


def block(caller, device=NETWORK, **options):
    """Block, under way."""
    return caller.start("Block", "sa{sv}", device, {k.replace("_", "-"): v for k, v in options.items()})


def is_untouched(guest):
    return guest.simulator.driver(NETWORK) == "hv_netvsc" and guest.verdicts()[NETWORK] == "allowed"


def call_of(interface, method):
    """(action, operation, arguments for Caller.start())"""
    action, operation, *arguments = METHODS[interface, method]
    path = DEVICE_PATH if interface == "org.cvmd1.Device" else "/org/cvmd1"
    files = [memory("{}") for a in arguments if isinstance(a, list)]
    arguments = [[("p", files[0])] if isinstance(a, list) else a for a in arguments]
    return action, operation, [method, *arguments], {"path": path, "interface": interface}, files


def test_every_method_is_behind_the_door():
    with started("no") as guest:
        caller = Caller(guest)
        before = guest.cvmd.decisions()
        for interface in "org.cvmd1.Manager", "org.cvmd1.Device", "org.cvmd1.Attestation":
            names = {name for kind, name, *_ in promised_by(interface) if kind == "method"} - OPEN_TO_ALL
            for name in sorted(names):
                action, operation, arguments, where, files = call_of(interface, name)
                n = len(guest.polkit.asked())
                error, text = caller.error(*arguments, **where)
                assert error == "NotAuthorized" and action in text, (name, error, text)
                asked, = guest.polkit.asked()[n:]
                assert asked.startswith(f"org.cvmd1.{action} 0 {caller.name} ") and f" operation={operation} " in asked, asked
                for fd in files:
                    os.close(fd)
        assert guest.cvmd.decisions() == before and is_untouched(guest)


def test_everything_else_is_open():
    with started("no") as guest:
        caller = Caller(guest)
        everything, = caller.call("org.cvmd1", "/org/cvmd1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        assert everything[DEVICE_PATH]["org.cvmd1.Device"]["Verdict"] == "allowed"
        caller.call("org.cvmd1", "/org/cvmd1", "org.cvmd1.Attestation", "DescribeProviders")
        assert not guest.polkit.asked()


def test_yes():
    with started("yes") as guest:
        caller = Caller(guest)
        assert caller.result("Block", "sa{sv}", "7", {}) == ((NETWORK,), None)
        assert guest.simulator.is_blocked(NETWORK)
        asked, = guest.polkit.asked()
        assert f"device={NETWORK}" in asked and "class=network" in asked and "policy=sha256:" in asked, asked
        assert "group=" not in asked, asked
        assert "polkit allows user 65534 org.cvmd1.manage-device (block)" in guest.cvmd.log()
        dependents, = caller.call("org.cvmd1", "/org/cvmd1/device/" + DISK.replace("-", "_"), "org.cvmd1.Device",
                                  "GetDependents")
        assert dependents
        fd = memory(open(guest.policy, encoding="utf-8").read())  # which polkit is asked about before it is read
        plan, = caller.call("org.cvmd1", "/org/cvmd1", "org.cvmd1.Manager", "Evaluate", "a(sh)", [("mine", fd)])
        os.close(fd)
        assert plan.startswith("{")


def test_root_passes_and_polkit_is_not_asked():
    with started("no") as guest:
        assert guest.bus.decide("Block", NETWORK) == [NETWORK]
        assert not guest.polkit.asked()


def test_a_challenge_that_the_caller_does_not_allow():
    with started("challenge") as guest:
        error, text = Caller(guest).error("Reload")
        assert error == INTERACTIVE_REQUIRED and "org.cvmd1.manage-policy" in text, (error, text)


def test_a_challenge_that_the_caller_allows():
    with started("challenge") as guest:
        caller = Caller(guest, flags=INTERACTIVE)
        error, text = caller.error("Reload")
        assert error == "NotAuthorized" and "nobody to ask" in text, (error, text)
        assert guest.polkit.asked()[0].startswith("org.cvmd1.manage-policy 1 ")
        guest.polkit.behave("dismissed")
        error, text = caller.error("Reload")
        assert error == "NotAuthorized" and "none was given" in text, (error, text)


def test_answers_that_are_none():
    with started("no") as guest:
        caller = Caller(guest)
        for behaviour, part in ("malformed", "makes no sense"), ("error", "out of order"), ("unknown", "nobody is there"):
            guest.polkit.behave(behaviour)
            error, text = caller.error("Block", "sa{sv}", NETWORK, {})
            assert error == "NotAuthorized" and part in text, (behaviour, error, text)
        assert is_untouched(guest)
        assert guest.cvmd.log().count("polkit does not say who may do what") == 1
        guest.polkit.behave("yes")
        assert caller.result("Block", "sa{sv}", NETWORK, {})[1] is None


def test_polkit_that_leaves_while_it_is_asked():
    for behaviour, part in ("exit", "polkit does not say"), ("silence", "it went away"):
        with started(behaviour) as guest:
            error, text = Caller(guest).error("Block", "sa{sv}", NETWORK, {})
            assert error == "NotAuthorized" and part in text, (behaviour, error, text)
            assert is_untouched(guest)


def test_polkit_that_never_answers():
    with started("hold", patience=1) as guest:
        caller = Caller(guest, flags=INTERACTIVE)
        error, text = caller.error("Block", "sa{sv}", NETWORK, {})
        assert error == "NotAuthorized" and "too long" in text, (error, text)
        identity = guest.polkit.asked()[0].split("id=")[1].split()[0]
        wait_for("that the dialog is closed", lambda: guest.polkit.cancelled() == [identity])
        guest.polkit.behave("yes")  # late: to a question that was taken back
        assert caller.call("org.cvmd1", "/org/cvmd1", "org.freedesktop.DBus.Peer", "Ping") == ()
        assert is_untouched(guest)


def test_a_caller_that_leaves_while_polkit_is_asked():
    with started("hold") as guest:
        caller = Caller(guest)
        block(caller)
        guest.polkit.wait_asked(1)
        caller.socket.close()
        wait_for("that the question is taken back", guest.polkit.cancelled)
        guest.polkit.behave("yes")
        assert guest.property("State") and is_untouched(guest)


def held(guest, caller, *arguments):
    """A call that waits for polkit."""
    n = len(guest.polkit.asked())
    serial = caller.start(*arguments)
    guest.polkit.wait_asked(n + 1)
    return serial


def test_a_device_that_is_gone_when_the_answer_comes():
    with started("hold") as guest:
        caller = Caller(guest)
        for word in NETWORK, "7":
            serial = held(guest, caller, "Block", "sa{sv}", word, {})
            guest.simulator.rescind(instance=NETWORK)
            wait_for("that it is gone", lambda: NETWORK not in guest.verdicts())
            guest.polkit.behave("yes")
            assert caller.end(serial)[1][0] == "NoSuchDevice", word
            guest.polkit.behave("hold")
            guest.simulator.offer_class("network", instance=NETWORK, relid=7, flags={"ring": 1, "dma": 0})
            guest.wait_verdict(NETWORK, "allowed")
        serial = caller.start("Explain", path=DEVICE_PATH, interface="org.cvmd1.Device")
        guest.polkit.wait_asked(3)
        guest.simulator.rescind(instance=NETWORK)
        wait_for("that it is gone", lambda: NETWORK not in guest.verdicts())
        guest.polkit.behave("yes")
        assert caller.end(serial)[1][0] == "NoSuchDevice"


def test_a_device_that_was_offered_again_meanwhile():
    with started("hold") as guest:
        caller = Caller(guest)
        serial = held(guest, caller, "Block", "sa{sv}", NETWORK, {})
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags={"ring": 1, "dma": 0})
        wait_for("the new offer", lambda: guest.devices()[NETWORK]["RelId"] == 40)
        guest.polkit.behave("yes")
        error, text = caller.end(serial)[1]
        assert error == "NoSuchDevice" and "not the same" in text, (error, text)
        assert guest.verdicts()[NETWORK] == "allowed"


def test_a_name_that_is_another_device_meanwhile():
    with started("hold") as guest:
        guest.simulator.rescind(instance=PLAIN_NETWORK)
        wait_for("that it is gone", lambda: PLAIN_NETWORK not in guest.verdicts())
        caller = Caller(guest)
        serial = held(guest, caller, "Allow", "sa{sv}", "network", {})
        guest.simulator.rescind(instance=NETWORK)
        guest.simulator.offer_class("network", instance=PLAIN_NETWORK, relid=50, flags=PLAIN)
        guest.wait_verdict(PLAIN_NETWORK, "blocked")
        wait_for("that it is gone", lambda: NETWORK not in guest.verdicts())
        guest.polkit.behave("yes")
        assert caller.end(serial)[1][0] == "NoSuchDevice"
        assert guest.simulator.is_blocked(PLAIN_NETWORK)


def test_what_lasts_is_the_policy():
    with started("no") as guest:
        caller = Caller(guest)
        for method in "Block", "Allow", "Forget":
            caller.error(method, "sa{sv}", NETWORK, {"permanent": ("b", True)})
        guest.bus.decide("Block", NETWORK, permanent=True, confirm_within=600)
        for word in NETWORK, "":
            caller.error("Confirm", "s", word)
        assert {q.split()[0] for q in guest.polkit.asked()} == {"org.cvmd1.manage-policy"}
        guest.polkit.behave("yes")
        assert caller.call("org.cvmd1", "/org/cvmd1", "org.cvmd1.Manager", "Confirm", "s", "") == ([NETWORK],)


def test_a_yes_about_devices_is_none_about_the_policy():
    with started("hold") as guest:
        caller = Caller(guest)
        serial = held(guest, caller, "Confirm", "s", NETWORK)
        guest.bus.decide("Block", NETWORK, permanent=True, confirm_within=600)
        guest.polkit.behave("yes")
        assert caller.end(serial) == (([NETWORK],), None)
        assert [q.split()[0] for q in guest.polkit.asked()] == ["org.cvmd1.manage-device", "org.cvmd1.manage-policy"]


def test_without_polkit_root_may_and_the_group_attests():
    with started() as guest:
        FakeHelpers(guest)
        path = os.path.join(guest.simulator.root, "etc/group")
        for _ in range(3):  # a group that is missing is told, once
            error, text = Caller(guest).error("GetEvidence", "aya{sv}", NONCE, {}, interface="org.cvmd1.Attestation")
            assert error == "NotAuthorized" and "there is no group cvm-attest" in text, (error, text)
        assert guest.cvmd.log().count("there is no group cvm-attest in /etc/group: evidence is for root alone") == 1
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"cvm-attest:x:{GROUP}:\n")
        member = Caller(guest, groups=(GROUP,))
        fd, = member.call("org.cvmd1", "/org/cvmd1", "org.cvmd1.Attestation", "GetEvidence", "aya{sv}", NONCE, {})
        with os.fdopen(fd, "rb") as f:
            f.seek(0)
            assert Bundle(f.read(), NONCE).claims["caller"]["uid"] == USER
        for caller in member, Caller(guest):
            error, text = caller.error("Block", "sa{sv}", NETWORK, {})
            assert error == "NotAuthorized" and "only root" in text and "org.cvmd1.manage-device" in text, (error, text)
        assert guest.bus.decide("Block", NETWORK) == [NETWORK]
        # polkit that comes later counts, and is told of the group
        polkit = FakePolkit(guest, "no")
        error, _ = member.error("GetEvidence", "aya{sv}", NONCE, {}, interface="org.cvmd1.Attestation")
        assert error == "NotAuthorized" and " group=cvm-attest" in polkit.asked()[0], polkit.asked()


def test_a_thousand_calls_wait_and_cvmd_goes_on():
    with started("hold") as guest:
        callers = [Caller(guest, 1 + i // 7) for i in range(70)]  # the bus wants to know them: uids 1 to 10 are Debian's
        serials = []
        for _ in range(16):
            serials += [(c, block(c, DISK)) for c in callers]
            # the bus tells cvmd in order who calls: with root's, it knows those before
            assert guest.bus.manager("Plan")
        late = [(c, block(c, DISK)) for c in callers]
        for caller, serial in late:
            assert caller.end(serial)[1][0] == "RateLimited"
        assert len(guest.polkit.wait_asked(64)) == 64
        guest.simulator.reoffer(instance=NETWORK, relid=40, flags=PLAIN)
        wait_for("that cvmd decides", lambda: guest.simulator.is_blocked(NETWORK))
        assert guest.property("State") == "compliant" and guest.cvmctl("status")[0] == 0
        assert guest.bus.decide("Allow", NETWORK) == [NETWORK]
        assert len(guest.polkit.asked()) == 64
        guest.polkit.behave("no")
        results = [caller.end(serial)[1][0] for caller, serial in serials]
        assert set(results) == {"NotAuthorized", "RateLimited"}, set(results)
        assert results.count("NotAuthorized") == 1024 == len(guest.polkit.asked()), results.count("NotAuthorized")


def test_one_user_leaves_room_for_others():
    with started("hold") as guest:
        *greedy, last = [Caller(guest) for _ in range(9)]
        for caller in greedy:
            for _ in range(16):
                block(caller, DISK)
        assert guest.bus.manager("Plan")  # as above
        for caller, part in (greedy[0], "this connection"), (last, "this user"):
            error, text = caller.end(block(caller, DISK))[1]
            assert error == "RateLimited" and part in text, (error, text)
        assert len(guest.polkit.wait_asked(16)) == 16
        other = Caller(guest, 1)
        serial = held(guest, other, "Block", "sa{sv}", NETWORK, {})
        assert len(guest.polkit.asked()) == 17
        guest.polkit.behave("yes")
        assert other.end(serial) == ((NETWORK,), None)


def cvmctl(guest, *arguments, terminal):
    """(exit status, standard error) as somebody else, with or without a terminal."""
    os.chmod(guest.folder, 0o755)
    ours, theirs = pty.openpty() if terminal else (None, os.open(os.devnull, os.O_RDONLY))
    try:
        done = subprocess.run([Programs.cvmctl, "--bus", guest.bus.address, *arguments], stdin=theirs, user=USER,
                              extra_groups=(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=PATIENCE,
                              check=False, encoding="utf-8")
    finally:
        for fd in filter(None, (ours, theirs)):
            os.close(fd)
    return done.returncode, done.stderr


def test_cvmctl_lets_polkit_ask_on_a_terminal():
    with started("challenge") as guest:
        for terminal, why in (True, "nobody to ask"), (False, "did not allow to ask"):
            n = len(guest.polkit.asked())
            status, err = cvmctl(guest, "block", NETWORK, terminal=terminal)
            assert status == 5 and why in err and "org.cvmd1.manage-device" in err and "pkttyagent" in err, (status, err)
            asked, = guest.polkit.asked()[n:]
            assert asked.startswith(f"org.cvmd1.manage-device {int(terminal)} "), asked
        # what a look needs only to be complete, nobody is asked for
        assert cvmctl(guest, "device", NETWORK, terminal=True) == (0, "")
        assert guest.polkit.asked()[-1].startswith("org.cvmd1.manage-device 0 "), guest.polkit.asked()
        assert "operation=dependents" in guest.polkit.asked()[-1]
        guest.polkit.behave("yes")
        assert cvmctl(guest, "block", NETWORK, terminal=False) == (0, "")
        assert guest.simulator.is_blocked(NETWORK)


def test_a_bus_that_goes_takes_those_who_wait_along():
    with started("hold") as guest:
        block(Caller(guest))
        guest.polkit.wait_asked(1)
        guest.polkit.stop()
        guest.bus.stop()
        guest.bus.start()
        wait_for("cvmd on the bus", guest.bus.has_cvmd)
        assert is_untouched(guest)


if __name__ == "__main__":
    main(globals())
