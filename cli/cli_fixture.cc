#include "cli/cli_fixture.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/command_line.h"

namespace staffetta::cli {

grpc::Status CheckKey(const grpc::ServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto given = metadata.find("authorization");
  if (given != metadata.end() && given->second == absl::StrCat("Bearer ", kKey)) {
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::UNAUTHENTICATED, "a valid key is needed"};
}

CliTest::CliTest() : data_(testing::TempDir() + "staffetta-cli.XXXXXX") {
  EXPECT_NE(mkdtemp(data_.data()), nullptr);
  Write(data_ + "/operator.key", absl::StrCat(kKey, "\n"));
  for (const char* name : {"STAFFETTA_SERVER", "STAFFETTA_DATA", "STAFFETTA_KEY"}) unsetenv(name);
}

CliTest::~CliTest() {
  if (host_) host_->Shutdown(absl::ZeroDuration());
  std::filesystem::remove_all(data_);
}

void CliTest::Serve(const std::vector<grpc::Service*>& services) {
  auto host = rpc::Host::Start("127.0.0.1:0", services);
  ASSERT_TRUE(host.ok()) << host.status();
  host_ = *std::move(host);
  Write(data_ + "/grpc.endpoint", host_->endpoint() + "\n");
}

CliTest::Outcome CliTest::Call(std::vector<std::string> words) {
  words.insert(words.end(), {"--data", data_});
  return Do(words);
}

CliTest::Outcome CliTest::Do(const std::vector<std::string>& words) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = cli::Run(words, out, err);
  return {code, out.str(), err.str()};
}

void CliTest::Write(const std::string& path, const std::string& text, int mode) {
  std::ofstream(path) << text;
  EXPECT_EQ(chmod(path.c_str(), mode), 0);
}

}  // namespace staffetta::cli
