#include "common/redis/search.h"

#include <absl/random/random.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace staffetta::redis {
namespace {

// Asks one server after the other until one leads to a socket.
class SearchAttempt : public Attempt, public std::enable_shared_from_this<SearchAttempt> {
 public:
  SearchAttempt(Executor executor, const Deployment& deployment, absl::Duration timeout,
                std::function<void(absl::StatusOr<Socket>)> done)
      : executor_(executor), deployment_(deployment), step_(timeout / 4), done_(std::move(done)) {}

  void Start() {
    // Any node will do: those of a cluster share the subscribers.
    if (deployment_.kind == Deployment::Kind::kCluster) {
      std::shuffle(deployment_.endpoints.begin(), deployment_.endpoints.end(), absl::BitGen());
    }
    AskNext();
  }

  void Cancel() override {
    done_ = nullptr;
    if (attempt_ != nullptr) std::exchange(attempt_, nullptr)->Cancel();
  }

 private:
  using Step = void (SearchAttempt::*)(Dialed);

  void Ask(const Endpoint& server, Command question, Step then) {
    const auto on_answer = [self = shared_from_this(), then](absl::StatusOr<Dialed> dialed) {
      if (self->done_ == nullptr) return;
      self->attempt_ = nullptr;
      if (!dialed.ok()) {
        self->last_ = dialed.status();
        return self->AskNext();
      }
      (self.get()->*then)(*std::move(dialed));
    };
    attempt_ = DialServer(executor_, server, step_, std::move(question), on_answer);
  }

  void AskNext() {
    if (next_ == deployment_.endpoints.size()) return Finish(std::move(last_));
    asked_ = deployment_.endpoints[next_++];
    if (deployment_.kind == Deployment::Kind::kCluster) {
      return Ask(asked_, Command("CLUSTER", "INFO"), &SearchAttempt::OnNode);
    }
    Ask(asked_, Command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", deployment_.master_name),
        &SearchAttempt::OnSentinel);
  }

  void OnNode(Dialed node) {
    // One that has been taken out of the cluster, or is cut off from it, hears of nothing.
    if (absl::StrContains(node.answer.str(), "cluster_state:ok")) {
      return Finish(std::move(node.socket));
    }
    last_ = absl::UnavailableError(
        absl::StrCat("the cluster node ", asked_.ToString(), " sees no working cluster"));
    AskNext();
  }

  void OnSentinel(Dialed sentinel) {
    const std::vector<Value>& address = sentinel.answer.array();
    int port = 0;
    if (address.size() != 2 || !absl::SimpleAtoi(address[1].str(), &port)) {
      last_ = absl::UnavailableError(absl::StrCat("the sentinel ", asked_.ToString(),
                                                  " knows no master ", deployment_.master_name));
      return AskNext();
    }
    asked_ = deployment_.login;
    asked_.unix_path.clear();
    asked_.host = address[0].str();
    asked_.port = static_cast<uint16_t>(port);
    Ask(asked_, Command("ROLE"), &SearchAttempt::OnMaster);
  }

  void OnMaster(Dialed server) {
    const std::vector<Value>& role = server.answer.array();
    if (!role.empty() && role[0].str() == "master") return Finish(std::move(server.socket));
    last_ = absl::UnavailableError(
        absl::StrCat("Redis at ", asked_.ToString(), " is no master, though a sentinel says so"));
    AskNext();
  }

  void Finish(absl::StatusOr<Socket> result) { std::exchange(done_, nullptr)(std::move(result)); }

  const Executor executor_;
  Deployment deployment_;
  const absl::Duration step_;
  std::function<void(absl::StatusOr<Socket>)> done_;  // null: the attempt is over
  std::shared_ptr<Attempt> attempt_;
  size_t next_ = 0;
  Endpoint asked_;
  absl::Status last_ = absl::UnavailableError("no server is configured");
};

}  // namespace

std::shared_ptr<Attempt> Search(Executor executor, const Deployment& deployment,
                                absl::Duration timeout,
                                std::function<void(absl::StatusOr<Socket>)> done) {
  auto attempt = std::make_shared<SearchAttempt>(executor, deployment, timeout, std::move(done));
  attempt->Start();
  return attempt;
}

}  // namespace staffetta::redis
