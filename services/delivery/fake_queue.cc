#include "delivery/fake_queue.h"

#include <google/protobuf/util/time_util.h>

#include <boost/asio/post.hpp>
#include <utility>

namespace staffetta::delivery {

namespace pb = ::staffetta::queue::v1;
using std::chrono::steady_clock;

FakeQueue::FakeQueue(Executor executor, std::string key)
    : dispatcher_(executor, std::move(key), "fake queue"),
      changed_(executor, Timer::time_point::max()) {}

void FakeQueue::Add(pb::LeasedDelivery delivery) {
  asio::post(changed_.get_executor(), [this, delivery = std::move(delivery)]() mutable {
    waiting_.push_back(std::move(delivery));
    changed_.cancel();
  });
}

Co<bool> FakeQueue::Change(steady_clock::time_point end) {
  if (changed_.expiry() != end) changed_.expires_at(end);
  boost::system::error_code woken;
  co_await changed_.async_wait(asio::redirect_error(use_co, woken));
  co_return steady_clock::now() < end;
}

Co<bool> FakeQueue::AwaitCompletions(size_t count) {
  const auto end = steady_clock::now() + std::chrono::seconds(10);
  bool in_time = true;
  while (completions.size() < count && in_time) in_time = co_await Change(end);
  co_return in_time;
}

Co<bool> FakeQueue::AwaitRenewals(int count) {
  const int wanted = renewals + count;
  const auto end = steady_clock::now() + std::chrono::seconds(10);
  bool in_time = true;
  while (renewals < wanted && in_time) in_time = co_await Change(end);
  co_return in_time;
}

grpc::ServerUnaryReactor* FakeQueue::Lease(grpc::CallbackServerContext* context,
                                           const pb::LeaseRequest* request,
                                           pb::LeaseResponse* response) {
  return dispatcher_.Unary(context, request, response, this, &FakeQueue::DoLease);
}

grpc::ServerUnaryReactor* FakeQueue::Renew(grpc::CallbackServerContext* context,
                                           const pb::RenewRequest* request,
                                           pb::RenewResponse* response) {
  return dispatcher_.Unary(context, request, response, this, &FakeQueue::DoRenew);
}

grpc::ServerUnaryReactor* FakeQueue::Complete(grpc::CallbackServerContext* context,
                                              const pb::CompleteRequest* request,
                                              pb::CompleteResponse* response) {
  return dispatcher_.Unary(context, request, response, this, &FakeQueue::DoComplete);
}

grpc::ServerUnaryReactor* FakeQueue::GetContent(grpc::CallbackServerContext* context,
                                                const pb::GetContentRequest* request,
                                                pb::GetContentResponse* response) {
  return dispatcher_.Unary(context, request, response, this, &FakeQueue::DoGetContent);
}

Co<absl::Status> FakeQueue::DoLease(const pb::LeaseRequest* request, pb::LeaseResponse* response) {
  ++leases;
  credits = request->credits();
  const auto end = steady_clock::now() + std::chrono::seconds(request->wait().seconds());
  const auto cancelled = co_await asio::this_coro::cancellation_state;
  while (waiting_.empty() && cancelled.cancelled() == asio::cancellation_type::none) {
    const bool in_time = co_await Change(end);
    if (!in_time) break;
  }
  while (!waiting_.empty() && response->deliveries_size() < request->credits()) {
    *response->add_deliveries() = std::move(waiting_.front());
    waiting_.pop_front();
  }
  *response->mutable_lease_time() =
      google::protobuf::util::TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(lease_time));
  response->set_highest_waiting_class(highest_waiting_class);
  co_return absl::OkStatus();
}

Co<absl::Status> FakeQueue::DoRenew(const pb::RenewRequest* request, pb::RenewResponse* response) {
  ++renewals;
  if (!renews) {
    changed_.cancel();
    co_return absl::UnavailableError("as told");
  }
  for (const pb::HeldLease& lease : request->leases()) {
    if (lost.contains(lease.delivery_id())) response->add_lost_lease_ids(lease.lease_id());
    if (silent.contains(lease.delivery_id())) response->add_unanswered_lease_ids(lease.lease_id());
  }
  response->set_highest_waiting_class(highest_waiting_class);
  changed_.cancel();
  co_return absl::OkStatus();
}

Co<absl::Status> FakeQueue::DoComplete(const pb::CompleteRequest* request,
                                       pb::CompleteResponse* response) {
  ++complete_calls;
  if (failing_completes > 0) {
    --failing_completes;
    co_return failure;
  }
  for (const pb::Completion& completion : request->completions()) {
    if (refused.contains(completion.delivery_id())) co_return absl::InternalError("as told");
  }
  for (const pb::Completion& completion : request->completions()) {
    if (lost.contains(completion.delivery_id())) {
      response->add_lost_lease_ids(completion.lease_id());
    } else if (silent.contains(completion.delivery_id())) {
      response->add_unanswered_lease_ids(completion.lease_id());
    } else {
      completions.push_back(completion);
    }
  }
  changed_.cancel();
  co_return absl::OkStatus();
}

Co<absl::Status> FakeQueue::DoGetContent(const pb::GetContentRequest* request,
                                         pb::GetContentResponse* response) {
  ++gets;
  if (const auto in_pieces = pieces.find(request->message_id()); in_pieces != pieces.end()) {
    const std::string& piece = in_pieces->second.at(request->piece());
    if (piece.empty()) co_return damage;
    response->set_content(piece);
    co_return absl::OkStatus();
  }
  const auto found = contents.find(request->message_id());
  if (found == contents.end()) co_return absl::DataLossError("checksum");
  response->set_content(found->second);
  co_return absl::OkStatus();
}

}  // namespace staffetta::delivery
