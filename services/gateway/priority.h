#pragma once

// A message's class, 1 very high … 5 very low: where it comes from (SPEC P1) and how the
// recipient's mail client comes to show it (SPEC P2). Pure.

#include <optional>

#include "common/mime/header.h"
#include "common/mime/header_edit.h"

namespace staffetta::gateway {

// What each source says; nothing: it says nothing.
struct Priorities {
  int user = 3;  // the user's default
  std::optional<int> smtp_api;
  std::optional<int> mt_priority;  // -9…9 (RFC 6710), not a class
  std::optional<int> header;
};

// The message's own is the first of X-SMTPAPI, MT-PRIORITY and header that says something; the
// higher of it and the user's holds.
int EffectiveClass(const Priorities& priorities);

// -9…9; what is beyond counts as the nearest.
int ClassOfMtPriority(int priority);

// The MT-PRIORITY that a message of this user gets when it asks for `asked`: that, or the lowest of
// the user's class.
int GrantedMtPriority(int user, int asked);

// The first of X-Priority, Importance, X-MSMail-Priority and Priority that says something that is
// understood.
std::optional<int> ClassOfHeader(const mime::HeaderBlock& header);

// Makes X-Priority, Importance and X-MSMail-Priority agree with the class. Those that do are left
// as they are. For a class other than 3, X-Priority and Importance are added where they are
// missing. (X-MSMail-Priority is not: without other fields of that client, spam filters take it for
// a forgery.)
void ShowClass(int message_class, const mime::HeaderBlock& header, mime::Edits* edits);

}  // namespace staffetta::gateway
