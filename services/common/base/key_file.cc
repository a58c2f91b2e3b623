#include "common/base/key_file.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/ids.h"

namespace staffetta {
namespace {

constexpr size_t kShortestKey = 20;
constexpr size_t kLongestFile = 4096;

class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

absl::Status Failed(const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("key file ", path));
}

absl::Status WriteKey(const std::string& path, const std::string& line) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file.descriptor() < 0) return Failed(path);
  const ssize_t written = ::write(file.descriptor(), line.data(), line.size());
  if (written >= 0 && static_cast<size_t>(written) != line.size()) errno = ENOSPC;
  if (written != static_cast<ssize_t>(line.size()) || ::fsync(file.descriptor()) != 0) {
    return Failed(path);
  }
  return absl::OkStatus();
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const File file(directory, O_RDONLY | O_DIRECTORY);
  if (file.descriptor() < 0 || ::fsync(file.descriptor()) != 0) return Failed(directory);
  return absl::OkStatus();
}

// The file appears under its name complete or not at all; link() lets the first starter win.
absl::Status CreateKeyFile(const std::string& path) {
  const std::string temporary = absl::StrCat(path, ".", NewToken());
  absl::Status made = WriteKey(temporary, absl::StrCat(NewToken(), "\n"));
  if (made.ok() && ::link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    made = Failed(path);
  }
  ::unlink(temporary.c_str());
  return made.ok() ? SyncDirectoryOf(path) : made;
}

}  // namespace

absl::StatusOr<std::string> ReadKeyFile(const std::string& path) {
  const File file(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (file.descriptor() < 0 || ::fstat(file.descriptor(), &status) != 0) return Failed(path);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat("key file ", path, " is not a file"));
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "key file ", path, " is open to others than its owner; repair: chmod 600 ", path));
  }
  std::string content(kLongestFile + 1, '\0');
  const ssize_t length = ::read(file.descriptor(), content.data(), content.size());
  if (length < 0) return Failed(path);
  content.resize(length);
  const std::string key(absl::StripAsciiWhitespace(content));
  if (key.size() < kShortestKey || content.size() > kLongestFile ||
      !std::all_of(key.begin(), key.end(), absl::ascii_isgraph)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "key file ", path, " does not hold one line of ", kShortestKey, " or more characters"));
  }
  return key;
}

absl::StatusOr<std::string> ReadOrCreateKeyFile(const std::string& path) {
  absl::StatusOr<std::string> key = ReadKeyFile(path);
  if (!absl::IsNotFound(key.status())) return key;
  if (absl::Status made = CreateKeyFile(path); !made.ok()) return made;
  return ReadKeyFile(path);
}

}  // namespace staffetta
