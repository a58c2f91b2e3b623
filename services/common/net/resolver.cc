#include "common/net/resolver.h"

#include <absl/strings/str_cat.h>
#include <unbound.h>

#include <algorithm>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <utility>

#include "common/net/dns_records.h"

namespace staffetta::net {
namespace {

using ErrorCode = boost::system::error_code;

constexpr int kInternet = 1;  // class IN
constexpr int kTypeA = 1;
constexpr int kTypeMx = 15;
constexpr int kTypeTxt = 16;
constexpr int kTypeAaaa = 28;
constexpr int kNoError = 0;
constexpr int kNameError = 3;

struct FreeResult {
  void operator()(ub_result* result) const { ub_resolve_free(result); }
};

constexpr std::pair<const char*, const char*> kSettings[] = {
    {"module-config:", "iterator"},
    {"do-not-query-localhost:", "no"},
    {"msg-cache-size:", "16m"},
    {"rrset-cache-size:", "32m"},
    {"cache-max-ttl:", "86400"},
    {"cache-max-negative-ttl:", "900"},
    // A server that came back is found within a minute, not a quarter of an hour.
    {"infra-host-ttl:", "60"},
    {"infra-keep-probing:", "yes"},
};

// libunbound's context and the watch on its descriptor. Questions
// in flight share it.
class Unbound : public std::enable_shared_from_this<Unbound> {
 public:
  explicit Unbound(Executor executor) : context_(ub_ctx_create()), descriptor_(executor) {}
  ~Unbound() {
    if (descriptor_.is_open()) descriptor_.release();  // it is libunbound's
    if (context_ != nullptr) ub_ctx_delete(context_);
  }

  absl::Status Open(const ResolverOptions& options) {
    if (context_ == nullptr) return absl::ResourceExhaustedError("no resolver could be made");
    for (const auto& [name, value] : kSettings) {
      if (const int error = ub_ctx_set_option(context_, name, value); error != 0) {
        return absl::InternalError(absl::StrCat(name, " ", ub_strerror(error)));
      }
    }
    for (const std::string& server : options.servers) {
      if (const int error = ub_ctx_set_fwd(context_, server.c_str()); error != 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("DNS server \"", server, "\": ", ub_strerror(error)));
      }
    }
    if (options.servers.empty()) {
      if (const int error = ub_ctx_resolvconf(context_, "/etc/resolv.conf"); error != 0) {
        return absl::FailedPreconditionError(
            absl::StrCat("/etc/resolv.conf: ", ub_strerror(error)));
      }
    }
    ub_ctx_async(context_, 1);
    // libunbound would answer for these by itself; whether they exist is for the servers to say.
    ub_ctx_zone_remove(context_, "localhost.");
    ub_ctx_zone_remove(context_, "test.");
    ErrorCode error;
    descriptor_.assign(ub_fd(context_), error);
    if (error) return absl::InternalError(absl::StrCat("resolver: ", error.message()));
    Watch();
    return absl::OkStatus();
  }

  ub_ctx* context() const { return context_; }

 private:
  void Watch() {
    descriptor_.async_wait(Descriptor::wait_read,
                           [weak = weak_from_this()](const ErrorCode& error) {
                             const auto self = weak.lock();
                             if (error || self == nullptr) return;
                             ub_process(self->context_);
                             self->Watch();
                           });
  }

  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

  ub_ctx* const context_;
  Descriptor descriptor_;
};

using Records = std::vector<std::string_view>;

// One question in flight. Its timer is also what the coroutine waits on: an answer cancels it.
class Question {
 public:
  Question(std::shared_ptr<Unbound> unbound, Executor executor, absl::Duration timeout)
      : unbound_(std::move(unbound)), timer_(executor) {
    timer_.expires_after(absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(1))));
  }
  ~Question() {
    if (asked_ && !answered_) ub_cancel(unbound_->context(), id_);
  }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  void Ask(const std::string& name, int type) {
    name_ = name;
    if (!IsDnsName(name)) return;
    error_ =
        ub_resolve_async(unbound_->context(), name.c_str(), type, kInternet, this, &OnAnswer, &id_);
    asked_ = error_ == 0;
  }

  // The data of all records; they live as long as the question.
  Co<absl::StatusOr<Records>> Answer() {
    if (asked_ && !answered_) {
      ErrorCode woken;
      co_await timer_.async_wait(asio::redirect_error(use_co, woken));
      if (!answered_ && woken) co_return absl::CancelledError("the look-up was cancelled");
      if (!answered_) {
        co_return absl::DeadlineExceededError(absl::StrCat("DNS: no answer in time for ", name_));
      }
    }
    co_return Read();
  }

 private:
  // On our thread, within ub_process: only notes what came.
  static void OnAnswer(void* question, int error, ub_result* result) {
    auto* const self = static_cast<Question*>(question);
    self->answered_ = true;
    self->error_ = error;
    self->result_.reset(result);
    self->timer_.cancel();
  }

  absl::StatusOr<Records> Read() const {
    if (error_ != 0) return Failed(ub_strerror(error_));
    Records records;
    if (result_ == nullptr) return records;
    if (result_->bogus) {
      return Failed(result_->why_bogus != nullptr ? result_->why_bogus : "bogus");
    }
    if (result_->rcode != kNoError && result_->rcode != kNameError) {
      return Failed(result_->rcode == 2 ? "server failure (SERVFAIL)"
                                        : absl::StrCat("response code ", result_->rcode));
    }
    if (!result_->havedata) return records;
    for (int i = 0; result_->data[i] != nullptr; ++i) {
      records.emplace_back(result_->data[i], result_->len[i]);
    }
    return records;
  }

  absl::Status Failed(const std::string& why) const {
    return absl::UnavailableError(absl::StrCat("DNS: ", name_, ": ", why));
  }

  const std::shared_ptr<Unbound> unbound_;
  Timer timer_;
  std::string name_;
  int id_ = 0;
  int error_ = 0;
  bool asked_ = false;
  bool answered_ = false;
  std::unique_ptr<ub_result, FreeResult> result_;
};

template <class Record>
absl::StatusOr<std::vector<Record>> ParseAll(const absl::StatusOr<Records>& answer,
                                             std::optional<Record> (*parse)(std::string_view)) {
  if (!answer.ok()) return answer.status();
  std::vector<Record> records;
  for (const std::string_view data : *answer) {
    std::optional<Record> record = parse(data);
    if (!record.has_value()) return absl::UnavailableError("DNS: malformed record");
    records.push_back(*std::move(record));
  }
  return records;
}

class UnboundResolver final : public Resolver {
 public:
  UnboundResolver(std::shared_ptr<Unbound> unbound, Executor executor, absl::Duration timeout)
      : unbound_(std::move(unbound)), executor_(executor), timeout_(timeout) {}

  Co<absl::StatusOr<std::vector<MxRecord>>> Mx(std::string name) override {
    Question question(unbound_, executor_, timeout_);
    question.Ask(name, kTypeMx);
    const absl::StatusOr<Records> answer = co_await question.Answer();
    absl::StatusOr<std::vector<MxRecord>> records = ParseAll(answer, &ParseMx);
    if (records.ok()) {
      std::stable_sort(records->begin(), records->end(), [](const MxRecord& a, const MxRecord& b) {
        return a.preference < b.preference;
      });
    }
    co_return records;
  }

  Co<absl::StatusOr<std::vector<asio::ip::address>>> Addresses(std::string name) override {
    Question question6(unbound_, executor_, timeout_);
    Question question4(unbound_, executor_, timeout_);
    question6.Ask(name, kTypeAaaa);
    question4.Ask(name, kTypeA);
    const absl::StatusOr<Records> answer6 = co_await question6.Answer();
    if (absl::IsCancelled(answer6.status())) co_return answer6.status();
    const absl::StatusOr<Records> answer4 = co_await question4.Answer();
    absl::StatusOr<std::vector<asio::ip::address>> found6 = ParseAll(answer6, &ParseAaaa);
    absl::StatusOr<std::vector<asio::ip::address>> found4 = ParseAll(answer4, &ParseA);
    if (!found6.ok()) {
      if (found4.ok() && found4->empty()) co_return found6.status();
      co_return found4;
    }
    if (found4.ok()) {
      found6->insert(found6->end(), found4->begin(), found4->end());
    } else if (found6->empty()) {
      co_return found4.status();
    }
    co_return found6;
  }

  Co<absl::StatusOr<std::vector<std::string>>> Txt(std::string name) override {
    Question question(unbound_, executor_, timeout_);
    question.Ask(name, kTypeTxt);
    const absl::StatusOr<Records> answer = co_await question.Answer();
    co_return ParseAll(answer, &ParseTxt);
  }

 private:
  const std::shared_ptr<Unbound> unbound_;
  const Executor executor_;
  const absl::Duration timeout_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Resolver>> NewResolver(Executor executor, ResolverOptions options) {
  auto unbound = std::make_shared<Unbound>(executor);
  const absl::Status opened = unbound->Open(options);
  if (!opened.ok()) return opened;
  return std::make_unique<UnboundResolver>(std::move(unbound), executor, options.timeout);
}

}  // namespace staffetta::net
