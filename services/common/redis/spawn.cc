#include "common/redis/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace staffetta::redis {
namespace {

// PR_SET_PDEATHSIG fires when the *thread* that forked ends, so children are forked by a thread
// that never does.
class SpawningThread {
 public:
  static SpawningThread& Get() {
    static std::mutex mutex;
    static SpawningThread* instance = nullptr;
    static pid_t owner = -1;
    const std::lock_guard lock(mutex);
    if (owner != getpid()) {  // the first call, or a fork, which leaves threads behind
      instance = new SpawningThread;
      owner = getpid();
    }
    return *instance;
  }

  void Run(std::function<void()> work) {
    std::promise<void> done;
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back([&] {
        work();
        done.set_value();
      });
    }
    wake_.notify_one();
    done.get_future().wait();
  }

 private:
  SpawningThread() {
    // Signals are for the threads that expect them.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { Loop(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  [[noreturn]] void Loop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !queue_.empty(); });
      auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
};

// In the child: only async-signal-safe calls. Writes errno to `report` when exec fails.
[[noreturn]] void RunChild(char* const* argv, int log_fd, int null_fd, int keep_fd, int report,
                           pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);  // the parent ended before the prctl
  struct sigaction standard;
  std::memset(&standard, 0, sizeof standard);
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < 32; ++signal) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(null_fd, STDIN_FILENO);
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
  fcntl(keep_fd, F_SETFD, 0);
  execvp(argv[0], argv);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(report, &error, sizeof error);
  _exit(127);
}

absl::Status Unavailable(std::string_view what, int error) {
  return absl::UnavailableError(absl::StrCat(std::string(what), ": ", std::strerror(error)));
}

absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& words, const std::string& log_path,
                            int keep_fd) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);

  const int log_fd = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) return Unavailable(log_path, errno);
  const int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int report[2] = {-1, -1};
  if (null_fd < 0 || pipe2(report, O_CLOEXEC) != 0) {
    const int error = errno;
    close(log_fd);
    close(null_fd);
    return Unavailable("no descriptor for a child process", error);
  }
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) RunChild(argv.data(), log_fd, null_fd, keep_fd, report[1], parent);
  const int fork_error = errno;
  close(report[1]);
  close(log_fd);
  close(null_fd);
  int exec_error = 0;
  // The pipe closes by itself when exec succeeds.
  const ssize_t got = pid < 0 ? 0 : read(report[0], &exec_error, sizeof exec_error);
  close(report[0]);
  if (pid < 0) return Unavailable("fork", fork_error);
  if (got == sizeof exec_error) {
    waitpid(pid, nullptr, 0);
    return Unavailable(words[0], exec_error);
  }
  return pid;
}

}  // namespace

absl::StatusOr<pid_t> SpawnTied(std::vector<std::string> argv, const std::string& log_path,
                                int keep_fd) {
  absl::StatusOr<pid_t> pid = absl::UnknownError("");
  SpawningThread::Get().Run([&] { pid = Spawn(argv, log_path, keep_fd); });
  return pid;
}

}  // namespace staffetta::redis
