#pragma once

// What the tests against several real servers share: a load that keeps books.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/await.h"
#include "common/redis/client.h"

namespace staffetta::redis {

// What became of the calls: each has an id of its own, and enters it in two keys by one script.
struct Books {
  std::set<std::string> acknowledged;
  std::set<std::string> unknown;  // may have run
  size_t refused = 0;             // has not run
  std::vector<absl::Status> wrong;
};

class LoadTest : public testing::Test {
 protected:
  using Result = absl::StatusOr<Value>;

  explicit LoadTest(Client::Options options) : client_(context_.get_executor(), options) {}

  Result Run(Command command) { return Await(context_, client_.Run(std::move(command))); }
  Result Eval(const std::string& source, std::vector<std::string> keys) {
    return Await(context_, client_.Eval(Script("test", source), std::move(keys), {}));
  }
  template <class Condition>
  void RunUntil(Condition condition) {
    context_.restart();
    while (!condition() && context_.run_one() > 0) {
    }
  }

  enum class Replicas { kNone, kOne };  // that must have a call before it counts

  // Calls one after the other for each tag until `stop`.
  void StartLoad(const std::vector<std::string>& tags, Replicas replicas) {
    for (const std::string& tag : tags) {
      ++running_;
      asio::co_spawn(context_.get_executor(), Load(this, tag, replicas),
                     [this](std::exception_ptr error) {
                       if (error) std::rethrow_exception(error);
                       --running_;
                     });
    }
  }
  // Runs the load while `work` does its blocking work, and afterwards until every tag has been
  // answered again; then ends it.
  void RunLoadDuring(std::function<void()> work) {
    bool worked = false;
    std::thread thread([&] {
      work();
      asio::post(context_, [&] {
        worked = true;
        answered_.clear();
      });
    });
    const size_t tags = running_;
    RunUntil([&] { return worked && answered_.size() == tags; });
    thread.join();
    stop_ = true;
    RunUntil([&] { return running_ == 0; });
  }

  // That every call acknowledged has been run, none was run twice or by half, and nothing but what
  // is unknown besides.
  void CheckBooks(const std::vector<std::string>& tags) {
    std::map<std::string, std::string> first;
    std::map<std::string, std::string> second;
    for (const std::string& tag : tags) {
      ReadInto(first, "first:" + tag);
      ReadInto(second, "second:" + tag);
    }
    EXPECT_TRUE(first == second) << first.size() << " and " << second.size() << ": half run";
    for (const auto& [id, times] : first) {
      EXPECT_EQ(times, "1") << id << " ran more than once";
      EXPECT_TRUE(books_.acknowledged.contains(id) || books_.unknown.contains(id))
          << id << " was said not to have run";
    }
    for (const std::string& id : books_.acknowledged) {
      EXPECT_TRUE(first.contains(id)) << id << " was acknowledged and is lost";
    }
    for (const absl::Status& status : books_.wrong) ADD_FAILURE() << status;
    EXPECT_FALSE(books_.acknowledged.empty());
  }

  asio::io_context context_{1};
  Client client_;
  Books books_;

 private:
  static Co<void> Load(LoadTest* test, std::string tag, Replicas replicas) {
    static const Script script("load", R"(
redis.call('HINCRBY', 'first:' .. ARGV[1], ARGV[2], 1)
redis.call('HINCRBY', 'second:' .. ARGV[1], ARGV[2], 1)
return 1)");
    for (int n = 0; !test->stop_; ++n) {
      const std::string id = tag + "#" + std::to_string(n);
      std::vector<std::string> keys = {"first:" + tag};
      std::vector<std::string> args = {tag, id};
      Result result = absl::UnknownError("");
      if (replicas == Replicas::kOne) {
        result = co_await test->client_.EvalAndWait(script, std::move(keys), std::move(args), 1,
                                                    absl::Milliseconds(500));
      } else {
        result = co_await test->client_.Eval(script, std::move(keys), std::move(args));
      }
      test->Enter(tag, id, result.status());
    }
  }

  void Enter(const std::string& tag, const std::string& id, const absl::Status& status) {
    const std::string text(status.message());
    if (status.ok()) {
      books_.acknowledged.insert(id);
      answered_.insert(tag);
    } else if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) {
      books_.wrong.push_back(status);
    } else if (text.find("outcome unknown") != std::string::npos ||
               text.starts_with("Redis WAIT")) {
      books_.unknown.insert(id);
    } else {
      ++books_.refused;
    }
  }

  void ReadInto(std::map<std::string, std::string>& all, const std::string& key) {
    const Result result = Run(Command("HGETALL", key));
    ASSERT_TRUE(result.ok()) << result.status();
    for (size_t i = 0; i + 1 < result->array().size(); i += 2) {
      all[result->array()[i].str()] = result->array()[i + 1].str();
    }
  }

  size_t running_ = 0;
  bool stop_ = false;
  std::set<std::string> answered_;  // tags of which a call has succeeded
};

}  // namespace staffetta::redis
