#include "common/redis/durability.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace staffetta::redis {
namespace {

struct Requirement {
  const char* setting;
  const char* value;
  bool about_volatility;
};

constexpr Requirement kRequirements[] = {
    {"appendonly", "yes", true},
    {"appendfsync", "always", true},
    {"maxmemory-policy", "noeviction", false},
};

absl::Status CannotTell(const Deployment& endpoint, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat(
      "cannot tell whether the Redis at ", endpoint.ToString(), " is durable: CONFIG GET is ", why,
      "; grant the user CONFIG, or set allow_volatile to go without the check"));
}

}  // namespace

Co<absl::Status> CheckDurable(Client& client, bool allow_volatile) {
  std::vector<Command> questions;
  for (const Requirement& required : kRequirements) {
    questions.push_back(Command("CONFIG", "GET", required.setting));
  }
  std::vector<absl::StatusOr<Value>> answers = co_await client.RunEach(std::move(questions));
  for (size_t i = 0; i < answers.size(); ++i) {
    const Requirement& required = kRequirements[i];
    const absl::StatusOr<Value>& answer = answers[i];
    // INTERNAL: "ERR unknown command", where CONFIG has been renamed.
    const bool forbidden =
        absl::IsPermissionDenied(answer.status()) || absl::IsInternal(answer.status());
    if (!answer.ok() && !forbidden) co_return answer.status();
    if (forbidden || answer->array().size() != 2) {
      if (allow_volatile) continue;
      co_return CannotTell(client.endpoint(), forbidden ? std::string(answer.status().message())
                                                        : std::string("not answered"));
    }
    const std::string& found = answer->array()[1].str();
    if (found == required.value || (allow_volatile && required.about_volatility)) continue;
    co_return absl::FailedPreconditionError(absl::StrCat(
        "the Redis at ", client.endpoint().ToString(), " would lose messages: ", required.setting,
        " is ", found, "; set \"", required.setting, " ", required.value, "\" in redis.conf",
        required.about_volatility ? ", or allow_volatile to accept the loss" : ""));
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::redis
