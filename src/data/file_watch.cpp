// SPDX-License-Identifier: Apache-2.0
// Notices that an input file is not what it was any more.
#include "data/file_watch.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

#include "slalom/error.hpp"

namespace slalom {
namespace {

std::string time_text(const timespec& time) {
  return fmt::format("{:%F %T}.{:09} UTC", fmt::gmtime(time.tv_sec), time.tv_nsec);
}

/// What is different, as the end of a sentence that begins with the path; empty: nothing.
std::string difference(const struct stat& now, const struct stat& before) {
  if (now.st_dev != before.st_dev || now.st_ino != before.st_ino) return "was replaced by another file";
  if (now.st_size != before.st_size) {
    return fmt::format("{}: found {} bytes, expected {}",
                       now.st_size < before.st_size ? "has become shorter" : "has grown", now.st_size, before.st_size);
  }
  if (now.st_mtim.tv_sec != before.st_mtim.tv_sec || now.st_mtim.tv_nsec != before.st_mtim.tv_nsec) {
    return fmt::format("was written to: last changed {}, expected {}", time_text(now.st_mtim),
                       time_text(before.st_mtim));
  }
  return {};
}

}  // namespace

FileWatch::FileWatch(std::string path) : path_(std::move(path)) {
  is_regular_ = ::stat(path_.c_str(), &before_) == 0 && S_ISREG(before_.st_mode);
}

void FileWatch::check() const {
  if (!is_regular_) return;
  struct stat now {};
  const std::string what = ::stat(path_.c_str(), &now) != 0 ? std::string("was removed") : difference(now, before_);
  if (!what.empty()) throw Error(ExitCode::kIo, fmt::format("{}: changed while it was read: it {}", path_, what));
}

}  // namespace slalom
