#include "auth/token_issuers.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "common/base/log.h"

namespace staffetta::auth {
namespace {

namespace json = boost::json;

constexpr absl::Duration kLookEvery = absl::Seconds(1);
constexpr size_t kLargestFile = 1 << 20;

std::string SignatureOf(const std::string& file) {
  struct stat status;
  if (::stat(file.c_str(), &status) != 0) return "";
  return absl::StrCat(status.st_ino, " ", status.st_size, " ", status.st_mtim.tv_sec, ".",
                      status.st_mtim.tv_nsec);
}

bool IsText(const json::value* value, const std::string& text) {
  return value != nullptr && value->is_string() && value->get_string() == text.c_str();
}

// RFC 7519 §4.1.3: one text, or a list of them.
bool IsFor(const json::value* audience, const std::string& wanted) {
  if (audience == nullptr || !audience->is_array()) return IsText(audience, wanted);
  const json::array& list = audience->get_array();
  return std::any_of(list.begin(), list.end(),
                     [&wanted](const json::value& one) { return IsText(&one, wanted); });
}

// NumericDate of RFC 7519 §2; nullopt: absent, or no time.
std::optional<absl::Time> TimeOf(const json::value* value) {
  constexpr double kLatest = 1e11;
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double seconds = value->to_number<double>();
  if (!std::isfinite(seconds) || std::abs(seconds) > kLatest) return std::nullopt;
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

// Why a token that is signed well is not good now; empty: it is.
std::string WhyNotNow(const json::object& claims, absl::Time now) {
  const auto expires = TimeOf(claims.if_contains("exp"));
  if (!expires) return "it has no end (exp)";
  if (now >= *expires + TokenIssuers::kLeeway) return "it has expired";
  for (const char* const name : {"nbf", "iat"}) {
    const json::value* const value = claims.if_contains(name);
    if (value == nullptr) continue;
    const auto time = TimeOf(value);
    if (!time) return absl::StrCat(name, " is no time");
    if (now < *time - TokenIssuers::kLeeway)
      return absl::StrCat("it is of the future (", name, ")");
  }
  return "";
}

}  // namespace

TokenIssuers::TokenIssuers(std::vector<Issuer> issuers, const Clock* clock) : clock_(*clock) {
  for (Issuer& issuer : issuers) trusted_.push_back({std::move(issuer), "", {}});
}

absl::Status TokenIssuers::Load() {
  for (Trusted& trusted : trusted_) {
    if (absl::Status status = Read(&trusted); !status.ok()) return status;
  }
  return absl::OkStatus();
}

TokenIssuers::Verdict TokenIssuers::Judge(std::string_view text) {
  const absl::Time now = clock_.Now();
  Refresh(now);
  const auto token = ParseJwt(text);
  if (!token) return {"", "it is no signed token (RS256, ES256, EdDSA)"};
  const json::value* const issuer = token->claims.if_contains("iss");
  const auto trusted = std::find_if(
      trusted_.begin(), trusted_.end(),
      [issuer](const Trusted& candidate) { return IsText(issuer, candidate.issuer.issuer); });
  if (trusted == trusted_.end()) return {"", "its issuer is not trusted"};
  const bool is_signed =
      std::any_of(trusted->keys.begin(), trusted->keys.end(), [&token](const JwtKey& key) {
        const bool other = !key.id.empty() && !token->key_id.empty() && key.id != token->key_id;
        return !other && SignatureFits(*token, key);
      });
  if (!is_signed) return {"", "no key of its issuer has signed it"};
  if (!IsFor(token->claims.if_contains("aud"), trusted->issuer.audience)) {
    return {"", "it is for somebody else (aud)"};
  }
  if (std::string why = WhyNotNow(token->claims, now); !why.empty()) return {"", std::move(why)};
  const json::value* const user = token->claims.if_contains(trusted->issuer.user_claim);
  if (user == nullptr || !user->is_string() || user->get_string().empty()) {
    return {"", absl::StrCat("it names no user (", trusted->issuer.user_claim, ")")};
  }
  return {std::string(user->get_string().data(), user->get_string().size()), ""};
}

absl::Status TokenIssuers::Read(Trusted* trusted) {
  const std::string& file = trusted->issuer.key_file;
  // Before the file is read: what is written meanwhile is seen at the next look.
  trusted->signature = SignatureOf(file);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return absl::FailedPreconditionError(absl::StrCat(file, ": ", std::strerror(errno)));
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  if (text.size() > kLargestFile) {
    return absl::FailedPreconditionError(absl::StrCat(file, ": is larger than a file of keys"));
  }
  auto keys = ParseJwtKeys(text);
  if (!keys.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(file, ": ", std::string(keys.status().message())));
  }
  trusted->keys = *std::move(keys);
  return absl::OkStatus();
}

void TokenIssuers::Refresh(absl::Time now) {
  if (now < looked_ + kLookEvery) return;
  looked_ = now;
  for (Trusted& trusted : trusted_) {
    if (SignatureOf(trusted.issuer.key_file) == trusted.signature) continue;
    const absl::Status status = Read(&trusted);
    if (status.ok()) {
      log::Info("auth: keys of {} are read again", trusted.issuer.issuer);
    } else {
      log::Warn("auth: keys of {} stay as they were: {}", trusted.issuer.issuer, status.ToString());
    }
  }
}

}  // namespace staffetta::auth
