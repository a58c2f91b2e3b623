#include "delivery/inbox_rpc.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

namespace staffetta::delivery {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kLargestPage = 1000;

}  // namespace

InboxRpc::InboxRpc(Executor executor, std::string key, InboxStore* store)
    : store_(store), dispatcher_(executor, std::move(key), "inbox") {}

grpc::ServerUnaryReactor* InboxRpc::ListMessages(grpc::CallbackServerContext* context,
                                                 const v1::ListMessagesRequest* request,
                                                 v1::ListMessagesResponse* response) {
  return dispatcher_.Unary(context, request, response, this, &InboxRpc::List);
}

grpc::ServerUnaryReactor* InboxRpc::GetMessage(grpc::CallbackServerContext* context,
                                               const v1::GetMessageRequest* request,
                                               v1::GetMessageResponse* response) {
  return dispatcher_.Unary(context, request, response, this, &InboxRpc::Get);
}

grpc::ServerUnaryReactor* InboxRpc::ClearMessages(grpc::CallbackServerContext* context,
                                                  const v1::ClearMessagesRequest* request,
                                                  v1::ClearMessagesResponse* response) {
  return dispatcher_.Unary(context, request, response, this, &InboxRpc::Clear);
}

Co<absl::Status> InboxRpc::List(const v1::ListMessagesRequest* request,
                                v1::ListMessagesResponse* response) {
  // The token is the lowest number of the page before.
  uint64_t below = 0;
  if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &below)) {
    co_return absl::InvalidArgumentError("page_token is none that this service gave");
  }
  const int limit =
      request->page_size() <= 0 ? kDefaultPage : std::min(request->page_size(), kLargestPage);
  auto page = co_await store_->List(request->account_id(), below, limit);
  if (!page.ok()) co_return page.status();
  response->set_total(page->total);
  if (page->messages.size() == static_cast<size_t>(limit)) {
    response->set_next_page_token(absl::StrCat(page->messages.back().number()));
  }
  for (v1::CapturedMessage& message : page->messages) {
    *response->add_messages() = std::move(message);
  }
  co_return absl::OkStatus();
}

Co<absl::Status> InboxRpc::Get(const v1::GetMessageRequest* request,
                               v1::GetMessageResponse* response) {
  auto message = co_await store_->Get(request->account_id(), request->number());
  if (!message.ok()) co_return message.status();
  if (!message->has_value()) {
    co_return absl::NotFoundError(
        absl::StrCat("the inbox has no message number ", request->number()));
  }
  *response->mutable_message() = **std::move(message);
  co_return absl::OkStatus();
}

Co<absl::Status> InboxRpc::Clear(const v1::ClearMessagesRequest* request,
                                 v1::ClearMessagesResponse* response) {
  const auto removed = co_await store_->Clear(request->account_id());
  if (!removed.ok()) co_return removed.status();
  response->set_removed(*removed);
  co_return absl::OkStatus();
}

}  // namespace staffetta::delivery
