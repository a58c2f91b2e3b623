#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "staffetta/auth/v1/auth.pb.h"

// What the fields of accounts and users may be. INVALID_ARGUMENT with the field and the reason.
namespace staffetta::auth {

inline constexpr int kMaxNote = 1000;  // Unicode code points (SPEC U8)
inline constexpr int kMaxReason = 1000;
inline constexpr int kMaxAccountName = 200;
inline constexpr int kMaxSenders = 1000;
inline constexpr int kMaxOpenNetworks = 100;
inline constexpr int kMaxAuthNetworks = 100;

absl::Status CheckAccount(const v1::Account& account);

// All fields that people set: type, priority, note, senders, networks, caps.
absl::Status CheckUser(const v1::User& user);

// Why a user is blocked.
absl::Status CheckReason(const std::string& reason);

}  // namespace staffetta::auth
