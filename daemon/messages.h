/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What kinds of entries cvmd writes into the journal: `journalctl MESSAGE_ID=...`; cvmd(8) lists them with
 * their fields. */

/* A verdict was reached or changed. DEVICE= CLASS= VERDICT= RULE= REASON= */
#define MESSAGE_DECISION "13ca5ab0a4384a25bf5698f3be945f06"
/* Somebody bound a device that was blocked. DEVICE= DRIVER= TIMES= */
#define MESSAGE_REBOUND "b15288656f024776bfd0f81dafcdc4ba"
/* The state of the guest changed. STATE= */
#define MESSAGE_STATE "8ecd0e851bfd4536bc00be86a289ccb1"
/* A policy is in force. POLICY= */
#define MESSAGE_POLICY "ab953f19623e42c587dc869e60406ba4"
/* A policy could not be loaded; another one stays in force. REASON= */
#define MESSAGE_POLICY_INVALID "190bee90d8cb4984a41788836990272f"
/* An action failed, or hangs. DEVICE= REASON= */
#define MESSAGE_ACTION "9eab356dbe6b4a0a863ee788dfb041ba"
/* Events were lost, and everything is looked at again. ERRNO= */
#define MESSAGE_EVENTS_LOST "61567965c5554b8f9fd0adb777da98cd"
/* A uevent was ignored that the kernel has not sent. REASON= */
#define MESSAGE_EVENT_FORGED "4a7a70c93b9d4f29adec23877514511a"
/* An administrator decided about a device, or did not confirm it in time. DEVICE= REASON= */
#define MESSAGE_BY_HAND "0ba35003e3544ff587540161c7be5ee4"
/* The mode is not the policy's. MODE= */
#define MESSAGE_MODE "c1e7a4ef1adf4951bf98824ebd74ebe3"
/* The gate was closed or opened, by us or by somebody else. */
#define MESSAGE_GATE "e5c42d3a8c1b4f6e9d0e7a5b1f2c3d48"
/* A trial of enforcement goes on, or ends. REASON= */
#define MESSAGE_TRIAL "9d1f1f6f0c0e4bb0a1b9e7a5ab3a54f7"
/* A policy is being tried, or no longer. POLICY= */
#define MESSAGE_TRY "f35aa76c7cb240f2991bde0fbb1b5493"
/* A policy being tried would make something else of a device, or no longer. DEVICE= CLASS= VERDICT=
 * TRIED_VERDICT= RULE= REASON= */
#define MESSAGE_TRIED "4b2fa6ffe7744498829746074969bbad"
/* Something that a person should know about this guest. REASON= */
#define MESSAGE_WARNING "347ee2058cac4aca8101d23ae1d88e23"
