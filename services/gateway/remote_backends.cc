#include "gateway/remote_backends.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace staffetta::gateway {
namespace {

namespace policy_pb = staffetta::policy::v1;

absl::Status Unforeseen() { return absl::InternalError("an answer that is not foreseen"); }

absl::StatusOr<SenderVerdict> ToVerdict(policy_pb::SenderVerdict verdict) {
  switch (verdict) {
    case policy_pb::SENDER_VERDICT_OK:
      return SenderVerdict::kOk;
    case policy_pb::SENDER_VERDICT_NOT_AUTHORISED:
      return SenderVerdict::kNotAuthorised;
    case policy_pb::SENDER_VERDICT_NOT_VERIFIED:
      return SenderVerdict::kNotVerified;
    case policy_pb::SENDER_VERDICT_BANNED:
      return SenderVerdict::kBanned;
    default:  // proto3 enums are open
      return Unforeseen();
  }
}

}  // namespace

Co<absl::StatusOr<SenderAnswer>> RemoteSenderPolicy::Check(Identity identity,
                                                           std::vector<std::string> addresses,
                                                           std::string client_address,
                                                           std::string subject) {
  const absl::Time now = clock_.Now();
  std::vector<std::string> questions;
  bool all_known = true;
  for (const std::string& address : addresses) {
    questions.push_back(absl::StrCat(identity.user, " ", identity.revision, " ", address));
    all_known = all_known && allowed_.Find(questions.back(), now).has_value();
  }
  if (all_known && !questions.empty()) co_return SenderAnswer{SenderVerdict::kOk, ""};

  policy_pb::CheckSenderRequest request;
  request.set_account_id(identity.account_id);
  request.set_user(std::move(identity.user));
  for (std::string& address : addresses) request.add_addresses(std::move(address));
  request.set_client_address(std::move(client_address));
  request.set_subject(std::move(subject));
  const auto response = co_await client_.Call(&decltype(client_)::Async::CheckSender, request);
  if (!response.ok()) co_return response.status();
  const auto verdict = ToVerdict(response->verdict());
  if (!verdict.ok()) co_return verdict.status();
  if (*verdict == SenderVerdict::kOk) {
    for (const std::string& question : questions) allowed_.Put(question, {}, now);
  }
  co_return SenderAnswer{*verdict, response->offending_address()};
}

}  // namespace staffetta::gateway
