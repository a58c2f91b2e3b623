#include "common/redis/client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "common/metrics/figures.h"
#include "common/redis/test_redis.h"

namespace staffetta::redis {
namespace {

using Result = absl::StatusOr<Value>;

class ClientTest : public testing::Test {
 protected:
  Result Run(Client& client, Command command) {
    return Await(context_, client.Run(std::move(command)));
  }
  void Start(Client& client, Command command) {
    const size_t index = results_.size();
    results_.push_back(absl::UnknownError("no result yet"));
    ++left_;
    asio::co_spawn(context_.get_executor(), client.Run(std::move(command)),
                   [this, index](std::exception_ptr error, Result result) {
                     if (error) std::rethrow_exception(error);
                     results_[index] = std::move(result);
                     order_.push_back(index);
                     --left_;
                   });
  }
  void AwaitAll() {
    context_.restart();
    while (left_ > 0 && context_.run_one() > 0) {
    }
  }
  // Lets what has been started reach the socket: a reply on the same connection would prove it,
  // but a stopped server gives none.
  void RunReady() {
    context_.restart();
    while (context_.poll() > 0) {
    }
  }
  static bool Says(const Result& result, absl::StatusCode code, std::string_view part) {
    return result.status().code() == code &&
           std::string(result.status().message()).find(part) != std::string::npos;
  }

  asio::io_context context_{1};
  TestRedis redis_;
  Client client_{context_.get_executor(), redis_.options()};
  std::vector<Result> results_;
  std::vector<size_t> order_;
  size_t left_ = 0;
};

TEST_F(ClientTest, TenThousandConcurrentCommands_AreAnsweredInOrder) {
  for (int i = 0; i < 10000; ++i) Start(client_, Command("ECHO", i));
  AwaitAll();
  for (size_t i = 0; i < results_.size(); ++i) {
    ASSERT_TRUE(results_[i].ok()) << results_[i].status();
    ASSERT_EQ(results_[i]->str(), std::to_string(i));
    ASSERT_EQ(order_[i], i);
  }
}

TEST_F(ClientTest, MoreThanMaxInFlight_WaitAndAreAllAnswered) {
  Client::Options options = redis_.options();
  options.max_in_flight = 3;
  Client client(context_.get_executor(), options);
  for (int i = 0; i < 100; ++i) Start(client, Command("ECHO", i));
  AwaitAll();
  for (size_t i = 0; i < results_.size(); ++i) EXPECT_EQ(results_[i]->str(), std::to_string(i));
}

TEST_F(ClientTest, BinaryValues_ComeBackByteForByte) {
  std::string big(5 << 20, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 >> 3);
  const std::string values[] = {"", std::string("\0", 1), "\r\n$-1\r\n", big,
                                std::string(16384, 0)};
  for (const std::string& value : values) {
    ASSERT_TRUE(Run(client_, Command("SET", "k", value)).ok());
    const Result read = Run(client_, Command("GET", "k"));
    ASSERT_TRUE(read.ok());
    EXPECT_TRUE(read->str() == value) << value.size();
  }
  EXPECT_TRUE(Run(client_, Command("GET", "absent"))->is_nil());
}

TEST_F(ClientTest, BigAndSmallOfOneTurn_KeepTheirOrder) {
  const std::string big(300000, 'b');
  for (int i = 0; i < 20; ++i) {
    Start(client_, Command("APPEND", "k", i % 3 == 0 ? big : std::string("s")));
  }
  AwaitAll();
  int64_t length = 0;
  for (size_t i = 0; i < 20; ++i) {
    length += i % 3 == 0 ? 300000 : 1;
    EXPECT_EQ(results_[i]->integer(), length);
  }
}

TEST_F(ClientTest, ErrorReply_IsAStatusAndTheConnectionGoesOn) {
  ASSERT_TRUE(Run(client_, Command("SET", "k", "v")).ok());
  EXPECT_TRUE(
      Says(Run(client_, Command("LPUSH", "k", "v")), absl::StatusCode::kInternal, "WRONGTYPE"));
  redis_.Raw("CONFIG SET maxmemory 1");
  EXPECT_TRUE(Says(Run(client_, Command("SET", "k", "v")), absl::StatusCode::kUnavailable, "OOM"));
  redis_.Raw("CONFIG SET maxmemory 0");
  redis_.Raw("CONFIG SET min-replicas-to-write 1");
  EXPECT_TRUE(
      Says(Await(context_, client_.Eval(Script("s", "redis.call('SET', KEYS[1], 1)"), {"k"}, {})),
           absl::StatusCode::kUnavailable, "NOREPLICAS"));
  redis_.Raw("CONFIG SET min-replicas-to-write 0");
  EXPECT_EQ(Run(client_, Command("GET", "k"))->str(), "v");
}

TEST_F(ClientTest, RunEach_GivesOneResultPerCommandInOrder) {
  std::vector<Command> commands = {Command("SET", "k", "v"), Command("LPUSH", "k", "v"),
                                   Command("GET", "k")};
  const std::vector<Result> results = Await(context_, client_.RunEach(commands));
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0]->str(), "OK");
  EXPECT_EQ(results[1].status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(results[2]->str(), "v");
  EXPECT_EQ(Await(context_, client_.RunAll(commands)).status().code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(Await(context_, client_.RunAll({}))->empty());
}

TEST_F(ClientTest, ScriptThatRedisForgot_IsSentAgainAndRunsOnce) {
  const Script script("count", "return redis.call('INCRBY', KEYS[1], ARGV[1])");
  EXPECT_EQ(Await(context_, client_.Eval(script, {"n"}, {"2"}))->integer(), 2);
  EXPECT_EQ(Await(context_, client_.Eval(script, {"n"}, {"2"}))->integer(), 4);
  redis_.Raw("SCRIPT FLUSH");
  EXPECT_EQ(Await(context_, client_.Eval(script, {"n"}, {"2"}))->integer(), 6);
}

// SPEC Q1
// SPEC O5: a script that Redis did not know is timed once, with its second way; it is no failure.
TEST_F(ClientTest, ScriptsAreTimed_FailuresAreCounted) {
  const Script script("timed", "return redis.call('INCR', KEYS[1])");
  const auto timed = [&script] { return script.seconds().Collect().histogram.sample_count; };
  const metrics::Counter& failures = metrics::NewCounter(
      "staffetta_redis_failures_total", "as client.cc has it", {{"status", "other"}});
  const double before = failures.Value();
  EXPECT_TRUE(Await(context_, client_.Eval(script, {"n"}, {})).ok());
  EXPECT_TRUE(Await(context_, client_.EvalAndWait(script, {"n"}, {}, 0, absl::Seconds(1))).ok());
  EXPECT_EQ(timed(), 2U);
  EXPECT_EQ(failures.Value(), before);
  EXPECT_TRUE(Run(client_, Command("SET", "text", "x")).ok());
  EXPECT_FALSE(Await(context_, client_.Eval(script, {"text"}, {})).ok());
  EXPECT_EQ(timed(), 2U);
  EXPECT_EQ(failures.Value(), before + 1);
}

TEST_F(ClientTest, TooFewReplicas_FailTheWait) {
  const Script script("set", "return redis.call('SET', KEYS[1], 1)");
  const Result none =
      Await(context_, client_.EvalAndWait(script, {"k"}, {}, 0, absl::Milliseconds(10)));
  EXPECT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE(
      Says(Await(context_, client_.EvalAndWait(script, {"k"}, {}, 1, absl::Milliseconds(10))),
           absl::StatusCode::kUnavailable, "0 of 1 replicas"));
}

// SPEC Q1
TEST_F(ClientTest, ServerKilledMidFlight_FailsAllInFlightAndRecoversByItself) {
  ASSERT_TRUE(Run(client_, Command("PING")).ok());
  redis_.Suspend();
  for (int i = 0; i < 100; ++i) Start(client_, Command("INCR", "n"));
  RunReady();
  redis_.Kill();
  AwaitAll();
  for (const Result& result : results_) {
    ASSERT_TRUE(Says(result, absl::StatusCode::kUnavailable, "outcome unknown")) << result.status();
  }
  EXPECT_TRUE(Says(Run(client_, Command("PING")), absl::StatusCode::kUnavailable, "not sent"));
  redis_.Restart();
  EXPECT_TRUE(Run(client_, Command("PING")).ok());
}

TEST_F(ClientTest, CommandsWhileRedisStarts_WaitForTheConnection) {
  redis_.Kill();
  Start(client_, Command("PING"));
  RunReady();
  redis_.Restart();
  AwaitAll();
  EXPECT_TRUE(results_[0].ok()) << results_[0].status();
}

TEST_F(ClientTest, NoRedis_FailsWithinTheConnectTimeout) {
  redis_.Kill();
  Client::Options options = redis_.options();
  options.connect_timeout = absl::Milliseconds(200);
  Client client(context_.get_executor(), options);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(Says(Run(client, Command("PING")), absl::StatusCode::kUnavailable, "not sent"));
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, std::chrono::milliseconds(200));
  EXPECT_LT(took, std::chrono::milliseconds(1500));
}

TEST_F(ClientTest, StoppedServer_MeansDeadlineExceededAndANewConnection) {
  Client::Options options = redis_.options();
  options.command_timeout = absl::Milliseconds(300);
  Client client(context_.get_executor(), options);
  ASSERT_TRUE(Run(client, Command("PING")).ok());
  redis_.Suspend();
  const auto start = std::chrono::steady_clock::now();
  Start(client, Command("INCR", "n"));
  RunReady();
  asio::steady_timer later(context_, std::chrono::milliseconds(150));
  later.async_wait([&](auto) { Start(client, Command("ECHO", "second")); });
  ++left_;
  later.async_wait([&](auto) { --left_; });
  AwaitAll();
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_TRUE(Says(results_[0], absl::StatusCode::kDeadlineExceeded, "outcome unknown"));
  EXPECT_TRUE(Says(results_[1], absl::StatusCode::kUnavailable, "outcome unknown"));
  EXPECT_LT(took, std::chrono::milliseconds(1500));
  redis_.Continue();
  EXPECT_EQ(Run(client, Command("ECHO", "third"))->str(), "third");
}

TEST_F(ClientTest, LongerTimeoutOfOneCommand_OutlastsTheDefault) {
  Client::Options options = redis_.options();
  options.command_timeout = absl::Milliseconds(100);
  Client client(context_.get_executor(), options);
  const Result result =
      Await(context_, client.Run(Command("BLPOP", "none", "0.3"), absl::Seconds(5)));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->is_nil());
}

TEST_F(ClientTest, Close_CancelsEverythingAndWhatComesLater) {
  ASSERT_TRUE(Run(client_, Command("PING")).ok());
  redis_.Suspend();
  Start(client_, Command("PING"));
  RunReady();
  Start(client_, Command("PING"));
  client_.Close();
  AwaitAll();
  for (const Result& result : results_) {
    EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled) << result.status();
  }
  EXPECT_EQ(Run(client_, Command("PING")).status().code(), absl::StatusCode::kCancelled);
}

TEST_F(ClientTest, DestroyedWhileCommandsWait_CancelsThem) {
  auto client = std::make_unique<Client>(context_.get_executor(), redis_.options());
  redis_.Suspend();
  for (int i = 0; i < 10; ++i) Start(*client, Command("PING"));
  RunReady();
  client.reset();
  AwaitAll();
  for (const Result& result : results_) {
    EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled) << result.status();
  }
}

Co<bool> CloseInMidReplies(std::unique_ptr<Client>* client) {
  const Result result = co_await (*client)->Run(Command("PING"));
  client->reset();
  co_return result.ok();
}

TEST_F(ClientTest, CallerThatDestroysTheClientOnItsReply_IsSafe) {
  auto client = std::make_unique<Client>(context_.get_executor(), redis_.options());
  ASSERT_TRUE(Run(*client, Command("PING")).ok());
  bool answered = false;
  asio::co_spawn(context_.get_executor(), CloseInMidReplies(&client),
                 [&](std::exception_ptr, bool ok) { answered = ok; });
  for (int i = 0; i < 10; ++i) Start(*client, Command("PING"));
  AwaitAll();
  EXPECT_TRUE(answered);
  for (const Result& result : results_) {
    EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled) << result.status();
  }
}

TEST_F(ClientTest, MoreBytesThanAllowed_AreRefusedAtOnce) {
  Client::Options options = redis_.options();
  options.max_pending_bytes = 1000;
  Client client(context_.get_executor(), options);
  EXPECT_EQ(Run(client, Command("SET", "k", std::string(1000, 'x'))).status().code(),
            absl::StatusCode::kResourceExhausted);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(Run(client, Command("SET", "k", std::string(900, 'x'))).ok());
  }
}

TEST_F(ClientTest, PasswordAndDatabase_AreSentAgainAfterAReconnect) {
  redis_.Raw("CONFIG SET requirepass s3cret");
  Client::Options options = redis_.options();
  options.endpoint.endpoints[0].password = "s3cret";
  options.endpoint.endpoints[0].database = 3;
  Client client(context_.get_executor(), options);
  ASSERT_TRUE(Run(client, Command("SET", "k", "in three")).ok());
  ASSERT_TRUE(Run(client, Command("QUIT")).ok());
  // The first may still meet the connection that is being closed.
  Result read = Run(client, Command("GET", "k"));
  if (absl::IsUnavailable(read.status())) read = Run(client, Command("GET", "k"));
  EXPECT_EQ(read->str(), "in three");
}

TEST_F(ClientTest, WrongPassword_IsPermissionDeniedAtOnceAndNotRepeated) {
  redis_.Raw("CONFIG SET requirepass right");
  Client::Options options = redis_.options();
  options.endpoint.endpoints[0].password = "s3cret";
  Client client(context_.get_executor(), options);
  const Result wrong = Run(client, Command("PING"));
  EXPECT_TRUE(Says(wrong, absl::StatusCode::kPermissionDenied, "WRONGPASS")) << wrong.status();
  EXPECT_FALSE(Says(wrong, absl::StatusCode::kPermissionDenied, "s3cret"));
  EXPECT_TRUE(Says(Run(client_, Command("PING")), absl::StatusCode::kPermissionDenied, "NOAUTH"));
}

}  // namespace
}  // namespace staffetta::redis
