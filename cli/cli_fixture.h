#pragma once

#include <gmock/gmock.h>
#include <grpcpp/server_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/rpc/host.h"

namespace staffetta::cli {

inline constexpr char kKey[] = "0123456789abcdefghijklmnop";

// What a fake service answers first: OK when the call carries kKey.
grpc::Status CheckKey(const grpc::ServerContext& context);

// Runs the program against fake services over real gRPC. Each test has a data directory of its own
// with key and endpoint, and an environment that names nothing else.
class CliTest : public testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  CliTest();
  ~CliTest() override;

  // Serves `services`, which outlive the test's body.
  void Serve(const std::vector<grpc::Service*>& services);

  // Runs a command that goes to the fakes.
  Outcome Call(std::vector<std::string> words);
  // Runs the words as they are.
  static Outcome Do(const std::vector<std::string>& words);

  static void Write(const std::string& path, const std::string& text, int mode = 0600);

  const std::string& data() const { return data_; }
  const std::string& endpoint() const { return host_->endpoint(); }

 private:
  std::string data_;
  std::unique_ptr<rpc::Host> host_;
};

}  // namespace staffetta::cli
