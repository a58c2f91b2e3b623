#include "policy/checker.h"

#include <string>

namespace staffetta::policy {

Co<absl::Status> Checker::CheckSender(const v1::CheckSenderRequest* request,
                                      v1::CheckSenderResponse* response) {
  if (request->addresses().empty()) {
    co_return absl::InvalidArgumentError("there is no address to check");
  }
  const absl::StatusOr<std::shared_ptr<const Rights>> rights =
      co_await cache_->Get(request->account_id());
  if (!rights.ok()) co_return rights.status();
  response->set_verdict(v1::SENDER_VERDICT_OK);
  for (const std::string& text : request->addresses()) {
    const absl::StatusOr<SenderName> address = ParseAddress(text);
    const v1::SenderVerdict verdict = address.ok() ? Judge(**rights, request->user(), *address)
                                                   : v1::SENDER_VERDICT_NOT_AUTHORISED;
    if (verdict == v1::SENDER_VERDICT_OK) continue;
    response->set_verdict(verdict);
    response->set_offending_address(text);
    refusals_->Add(*request, *response);
    break;
  }
  co_return absl::OkStatus();
}

}  // namespace staffetta::policy
