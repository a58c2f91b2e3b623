#include "common/redis/embedded.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "common/redis/client.h"
#include "common/redis/durability.h"
#include "common/redis/test_redis.h"

namespace staffetta::redis {
namespace {

class EmbeddedTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = (std::filesystem::temp_directory_path() / "redis-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(dir_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  absl::StatusOr<Value> Run(const EmbeddedRedis& redis, Command command) {
    Client client(context_.get_executor(), {.endpoint = Deployment::Server(redis.endpoint())});
    return Await(context_, client.Run(std::move(command)));
  }

  // Waits for a process that need not be our child.
  static bool Ends(pid_t pid) {
    const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) return errno == ESRCH;
    pollfd ended{.fd = fd, .events = POLLIN, .revents = 0};
    const int count = poll(&ended, 1, 10000);
    close(fd);
    return count == 1;
  }

  asio::io_context context_{1};
  std::string dir_;
};

TEST_F(EmbeddedTest, DataSurvivesStopAndStart) {
  for (int round = 1; round <= 3; ++round) {
    auto redis = EmbeddedRedis::Start({.dir = dir_});
    ASSERT_TRUE(redis.ok()) << redis.status();
    EXPECT_EQ(Run(**redis, Command("INCR", "n"))->integer(), round);
    (*redis)->Stop();
    EXPECT_FALSE((*redis)->alive());
  }
}

// SPEC Q1
TEST_F(EmbeddedTest, AcknowledgedWrite_SurvivesSigkill) {
  auto redis = EmbeddedRedis::Start({.dir = dir_});
  ASSERT_TRUE(redis.ok()) << redis.status();
  EXPECT_EQ(Run(**redis, Command("INCR", "n"))->integer(), 1);
  EXPECT_EQ((*redis)->Restart().code(), absl::StatusCode::kFailedPrecondition);
  kill((*redis)->pid(), SIGKILL);
  while ((*redis)->alive()) std::this_thread::yield();
  ASSERT_TRUE((*redis)->Restart().ok());
  EXPECT_EQ(Run(**redis, Command("INCR", "n"))->integer(), 2);
}

// SPEC Q1: a part of it must not come back with a later start either.
TEST_F(EmbeddedTest, TransactionThatACrashTore_IsGoneAsAWhole) {
  const auto set_two = [](const char* one, const char* two) {
    return Command("EVAL", "for _, key in ipairs(ARGV) do redis.call('SET', key, 1) end", "0", one,
                   two);
  };
  auto redis = EmbeddedRedis::Start({.dir = dir_});
  ASSERT_TRUE(redis.ok()) << redis.status();
  ASSERT_TRUE(Run(**redis, set_two("a", "b")).ok());
  ASSERT_TRUE(Run(**redis, set_two("torn-1", "torn-2")).ok());
  const auto kill_and_cut = [&](uintmax_t octets) {
    kill((*redis)->pid(), SIGKILL);
    while ((*redis)->alive()) std::this_thread::yield();
    const std::string file = dir_ + "/appendonlydir/appendonly.aof.1.incr.aof";
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - octets);
    const absl::Status restarted = (*redis)->Restart();
    ASSERT_TRUE(restarted.ok()) << restarted;
  };
  kill_and_cut(20);
  ASSERT_TRUE(Run(**redis, set_two("c", "d")).ok());
  kill_and_cut(0);
  EXPECT_EQ(Run(**redis, Command("EXISTS", "torn-1", "torn-2"))->integer(), 0);
  EXPECT_EQ(Run(**redis, Command("EXISTS", "a", "b", "c", "d"))->integer(), 4);
}

TEST_F(EmbeddedTest, SecondOwnerOfADirectory_IsRefusedByName) {
  auto redis = EmbeddedRedis::Start({.dir = dir_});
  ASSERT_TRUE(redis.ok()) << redis.status();
  const absl::Status second = EmbeddedRedis::Start({.dir = dir_}).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(second.message().find(dir_), absl::string_view::npos) << second;
  EXPECT_TRUE((*redis)->alive());
  EXPECT_EQ(Run(**redis, Command("INCR", "n"))->integer(), 1);
}

TEST_F(EmbeddedTest, DirectoryAndSocket_AreForTheOwnerOnly) {
  std::filesystem::permissions(dir_, std::filesystem::perms::all);
  auto redis = EmbeddedRedis::Start({.dir = dir_});
  ASSERT_TRUE(redis.ok()) << redis.status();
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(dir_).permissions(), perms::owner_all);
  EXPECT_EQ(std::filesystem::status((*redis)->endpoint().unix_path).permissions(),
            perms::owner_all);
  EXPECT_EQ(getpgid((*redis)->pid()), (*redis)->pid());
}

TEST_F(EmbeddedTest, PathTooLongForASocket_IsAClearError) {
  const absl::Status status =
      EmbeddedRedis::Start({.dir = dir_ + "/" + std::string(100, 'd')}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("107 bytes"), absl::string_view::npos) << status;
}

TEST_F(EmbeddedTest, ProgramThatIsMissing_IsAClearError) {
  const absl::Status status =
      EmbeddedRedis::Start({.dir = dir_, .program = "no-such-redis"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("no-such-redis"), absl::string_view::npos) << status;
}

TEST_F(EmbeddedTest, RedisThatCannotStart_FailsWithTheEndOfItsLog) {
  std::filesystem::create_directory(dir_ + "/appendonlydir");
  FILE* const manifest = fopen((dir_ + "/appendonlydir/appendonly.aof.manifest").c_str(), "w");
  ASSERT_NE(manifest, nullptr);
  fputs("nonsense\n", manifest);
  fclose(manifest);
  const absl::Status status = EmbeddedRedis::Start({.dir = dir_}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("nonsense"), absl::string_view::npos) << status;
}

// The owner is a process of its own that is killed without a chance to clean up.
TEST_F(EmbeddedTest, ChildEndsWithItsOwner_AndTheDirectoryIsFreeAgain) {
  int report[2];
  ASSERT_EQ(pipe(report), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // whatever becomes of the test
    auto redis = EmbeddedRedis::Start({.dir = dir_});
    const pid_t pid = redis.ok() ? (*redis)->pid() : -1;
    [[maybe_unused]] const ssize_t written = write(report[1], &pid, sizeof pid);
    for (;;) pause();
  }
  pid_t pid = -1;
  ASSERT_EQ(read(report[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  close(report[0]);
  close(report[1]);
  ASSERT_GT(pid, 0);
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  auto next = EmbeddedRedis::Start({.dir = dir_});
  EXPECT_TRUE(next.ok()) << next.status();
  EXPECT_TRUE(Ends(pid));
}

TEST_F(EmbeddedTest, ThreadThatStartedIt_MayEnd) {
  absl::StatusOr<std::unique_ptr<EmbeddedRedis>> redis = absl::UnknownError("");
  std::thread([&] { redis = EmbeddedRedis::Start({.dir = dir_}); }).join();
  ASSERT_TRUE(redis.ok()) << redis.status();
  EXPECT_EQ(Run(**redis, Command("INCR", "n"))->integer(), 1);
  EXPECT_TRUE((*redis)->alive());
}

TEST_F(EmbeddedTest, Supervised_IsStartedAgainAfterAnUnexpectedEnd) {
  auto redis = EmbeddedRedis::Start({.dir = dir_});
  ASSERT_TRUE(redis.ok()) << redis.status();
  bool over = false;
  asio::co_spawn(context_.get_executor(), (*redis)->Supervise(),
                 [&](std::exception_ptr error) { over = error == nullptr; });
  Client::Options options{.endpoint = Deployment::Server((*redis)->endpoint())};
  options.connect_timeout = absl::Seconds(10);
  Client client(context_.get_executor(), options);
  ASSERT_EQ(Await(context_, client.Run(Command("INCR", "n")))->integer(), 1);
  const pid_t first = (*redis)->pid();
  kill(first, SIGKILL);
  absl::StatusOr<Value> second = Await(context_, client.Run(Command("GET", "n")));
  while (absl::IsUnavailable(second.status())) {  // broken while killed, then LOADING
    second = Await(context_, client.Run(Command("GET", "n")));
  }
  EXPECT_EQ(second->str(), "1");
  EXPECT_NE((*redis)->pid(), first);
  client.Close();
  (*redis)->Stop();
  context_.restart();
  context_.run();
  EXPECT_TRUE(over);
}

TEST_F(EmbeddedTest, SupervisionThatIsCancelled_Ends) {
  auto redis = EmbeddedRedis::Start({.dir = dir_});
  ASSERT_TRUE(redis.ok()) << redis.status();
  bool over = false;
  asio::cancellation_signal signal;
  asio::co_spawn(
      context_.get_executor(), (*redis)->Supervise(),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { over = true; }));
  context_.poll();
  signal.emit(asio::cancellation_type::terminal);
  context_.restart();
  context_.run();
  EXPECT_TRUE(over);
  EXPECT_TRUE((*redis)->alive());
}

// SPEC Q1
TEST(Durability, IsCheckedSettingBySetting) {
  TestRedis redis(EmbeddedRedis::Fsync::kAlways);
  asio::io_context context{1};
  Client client(context.get_executor(), redis.options());
  const auto check = [&](Demand demand) { return Await(context, CheckDurable(client, demand)); };
  EXPECT_TRUE(check(Demand::kShown).ok()) << check(Demand::kShown);

  struct Row {
    std::string setting, bad, good;
    bool allowed_when_volatile;
  };
  const Row rows[] = {{"appendfsync", "everysec", "always", true},
                      {"appendfsync", "no", "always", true},
                      {"appendonly", "no", "yes", true},
                      {"maxmemory-policy", "allkeys-lru", "noeviction", false}};
  for (const Row& row : rows) {
    ASSERT_EQ(redis.Raw("CONFIG SET " + row.setting + " " + row.bad), "+OK\r\n");
    EXPECT_FALSE(check(Demand::kNotDenied).ok()) << row.setting;
    const absl::Status status = check(Demand::kShown);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    for (const std::string& part : {row.setting + " is " + row.bad, row.good}) {
      EXPECT_NE(status.message().find(part), absl::string_view::npos) << status;
    }
    EXPECT_EQ(check(Demand::kNoEviction).ok(), row.allowed_when_volatile) << row.setting;
    ASSERT_EQ(redis.Raw("CONFIG SET " + row.setting + " " + row.good), "+OK\r\n");
  }
  EXPECT_TRUE(check(Demand::kShown).ok());

  redis.Raw("ACL SETUSER default -config");
  const absl::Status forbidden = check(Demand::kShown);
  EXPECT_EQ(forbidden.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(forbidden.message().find("allow_volatile"), absl::string_view::npos) << forbidden;
  EXPECT_TRUE(check(Demand::kNotDenied).ok());
  EXPECT_TRUE(check(Demand::kNoEviction).ok());

  redis.Kill();
  EXPECT_EQ(check(Demand::kNoEviction).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace staffetta::redis
