#pragma once

// QueueService for tests: hands out what it is given, remembers what it is told. Lives on its
// executor's thread.

#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/rpc/dispatcher.h"
#include "staffetta/queue/v1/queue.grpc.pb.h"

namespace staffetta::delivery {

class FakeQueue final : public queue::v1::QueueService::CallbackService {
 public:
  FakeQueue(Executor executor, std::string key);

  // Will be leased next. May be called on any thread.
  void Add(queue::v1::LeasedDelivery delivery);

  absl::Duration lease_time = absl::Seconds(15);
  std::map<std::string, std::string> contents;             // by message id, for GetContent
  std::map<std::string, std::vector<std::string>> pieces;  // the same, of content in pieces
  absl::Status damage;            // what is heard of a piece that is empty there
  int gets = 0;                   // GetContent calls
  std::set<std::string> lost;     // delivery ids whose lease is over
  std::set<std::string> silent;   // delivery ids whose partition does not answer
  bool renews = true;             // else Renew fails
  std::set<std::string> refused;  // delivery ids that no report may name
  int failing_completes = 0;      // so many Complete calls fail, with this:
  absl::Status failure = absl::UnavailableError("as told");
  int highest_waiting_class = 0;

  // What happened.
  std::vector<queue::v1::Completion> completions;
  int leases = 0;   // calls
  int credits = 0;  // of the last one
  int complete_calls = 0;
  int renewals = 0;  // calls

  // Resumes when so many completions are there; false: not within ten seconds.
  Co<bool> AwaitCompletions(size_t count);
  Co<bool> AwaitRenewals(int count);
  Co<void> Drain() { return dispatcher_.Drain(); }

  grpc::ServerUnaryReactor* Lease(grpc::CallbackServerContext* context,
                                  const queue::v1::LeaseRequest* request,
                                  queue::v1::LeaseResponse* response) override;
  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context,
                                  const queue::v1::RenewRequest* request,
                                  queue::v1::RenewResponse* response) override;
  grpc::ServerUnaryReactor* Complete(grpc::CallbackServerContext* context,
                                     const queue::v1::CompleteRequest* request,
                                     queue::v1::CompleteResponse* response) override;
  grpc::ServerUnaryReactor* GetContent(grpc::CallbackServerContext* context,
                                       const queue::v1::GetContentRequest* request,
                                       queue::v1::GetContentResponse* response) override;

 private:
  Co<absl::Status> DoLease(const queue::v1::LeaseRequest* request,
                           queue::v1::LeaseResponse* response);
  Co<absl::Status> DoRenew(const queue::v1::RenewRequest* request,
                           queue::v1::RenewResponse* response);
  Co<absl::Status> DoComplete(const queue::v1::CompleteRequest* request,
                              queue::v1::CompleteResponse* response);
  Co<absl::Status> DoGetContent(const queue::v1::GetContentRequest* request,
                                queue::v1::GetContentResponse* response);
  // Until the next change, or `longest`; false: cancelled or too long.
  Co<bool> Change(std::chrono::steady_clock::time_point end);

  rpc::Dispatcher dispatcher_;
  std::deque<queue::v1::LeasedDelivery> waiting_;
  Timer changed_;
};

}  // namespace staffetta::delivery
