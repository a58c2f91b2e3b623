#include "common/redis/test_redis.h"

#include <signal.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace staffetta::redis {
namespace {

void MustWork(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "TestRedis: %s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace

TestRedis::TestRedis(EmbeddedRedis::Fsync fsync) {
  std::string name = (std::filesystem::temp_directory_path() / "redis-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) MustWork(absl::UnknownError("no temporary directory"));
  dir_ = name;
  auto started = EmbeddedRedis::Start({.dir = dir_, .fsync = fsync});
  MustWork(started.status());
  redis_ = *std::move(started);
}

TestRedis::~TestRedis() {
  if (redis_->alive()) {
    kill(pid(), SIGKILL);
  }
  redis_->Stop();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

std::string TestRedis::Raw(const std::string& line) const {
  asio::io_context context;
  asio::local::stream_protocol::socket socket(context);
  boost::system::error_code error;
  socket.connect(asio::local::stream_protocol::endpoint(endpoint().unix_path), error);
  asio::write(socket, asio::buffer(line + "\r\n"), error);
  char answer[65536];
  const size_t size = socket.read_some(asio::buffer(answer), error);
  return std::string(answer, size);
}

void TestRedis::FlushAll() {
  const std::string answer = Raw("FLUSHALL");
  if (answer != "+OK\r\n") MustWork(absl::InternalError(answer));
}

void TestRedis::Kill() {
  kill(pid(), SIGKILL);
  while (redis_->alive()) std::this_thread::yield();
}

void TestRedis::Restart() { MustWork(redis_->Restart()); }

void TestRedis::Suspend() { kill(pid(), SIGSTOP); }

void TestRedis::Continue() { kill(pid(), SIGCONT); }

}  // namespace staffetta::redis
