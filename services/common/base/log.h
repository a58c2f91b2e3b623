#pragma once

#include <string_view>

#include <spdlog/spdlog.h>

// Lines for people who operate the relay, on standard error. Mail events have their own lines with
// a fixed order of keys: common/base/mail_log.h. No secret is ever an argument.
namespace staffetta::log {

// Sends all lines to standard error: UTC time, level, text. Below warn they are collected and
// written by the second, by 64 KiB or at exit; warn and error write at once what was collected. A
// crash loses at most the last second. Once, at start.
void Init();

// Writes what was collected.
void Flush();

// One of trace, debug, info, warn, error?
bool IsLevel(std::string_view level);

// False: it is no level, nothing is changed.
bool SetLevel(std::string_view level);

template <class... Args>
void Debug(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::debug(format, std::forward<Args>(args)...);
}
template <class... Args>
void Info(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::info(format, std::forward<Args>(args)...);
}
template <class... Args>
void Warn(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::warn(format, std::forward<Args>(args)...);
}
template <class... Args>
void Error(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::error(format, std::forward<Args>(args)...);
}

// Text from outside, made safe for one line: control characters, quotes and backslashes escaped,
// cut at 500 bytes.
std::string Escaped(std::string_view text);

}  // namespace staffetta::log
