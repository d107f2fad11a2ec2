// SPDX-License-Identifier: Apache-2.0
// Lists, locks and prunes the folder of a run's checkpoints.
#include "train/checkpoint_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <slalom/error.hpp>

namespace slalom::training {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kSuffix = ".safetensors";

/// The steps in the name of a checkpoint; -1: it is not one.
std::int64_t steps_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return -1;
  const std::string_view digits = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  std::int64_t steps = -1;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), steps);
  return error == std::errc{} && stop == digits.data() + digits.size() ? steps : -1;
}

/// What AtomicFile calls the temporary of a checkpoint.
bool is_leftover(std::string_view name) {
  return name.starts_with("." + std::string(kPrefix)) && name.ends_with(".tmp");
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) throw InputError(fmt::format("{}: cannot be read: {}", folder, error.message()));
  return names;
}

}  // namespace

FolderLock::FolderLock(const std::string& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw UsageError("--checkpoint-dir: " + folder + ": found another run that uses it, expected a folder of its own");
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

CheckpointFolder::CheckpointFolder(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  const auto refuse = [this](const std::string& why) {
    throw OutputError(fmt::format("--checkpoint-dir: {}: {}", path_, why));
  };
  std::error_code error;
  if (fs::exists(path_, error) && !fs::is_directory(path_, error)) refuse("is a file, expected a folder");
  fs::create_directories(path_, error);
  if (error) refuse("cannot be made: " + error.message());
  if (::access(path_.c_str(), W_OK | X_OK) != 0) {
    refuse("cannot be written to: " + std::generic_category().message(errno));
  }
  lock_.emplace(path_);
  for (const std::string& name : names_in(path_)) {
    if (is_leftover(name)) ::unlink(path_of(name).c_str());
  }
}

std::string CheckpointFolder::name_of(std::int64_t steps) { return fmt::format("{}{:012}{}", kPrefix, steps, kSuffix); }

std::vector<CheckpointFolder::Entry> CheckpointFolder::entries() const {
  std::vector<Entry> found;
  for (std::string& name : names_in(path_)) {
    const std::int64_t steps = steps_of(name);
    if (steps >= 0) found.push_back({steps, std::move(name)});
  }
  std::sort(found.begin(), found.end(), [](const Entry& a, const Entry& b) { return a.steps < b.steps; });
  return found;
}

void CheckpointFolder::prune(std::int64_t keep, const std::string& best) const noexcept {
  try {
    const std::vector<Entry> all = entries();
    for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < all.size(); ++i) {
      if (all[i].name != best) ::unlink(path_of(all[i].name).c_str());
    }
  } catch (const std::exception&) {  // a folder that cannot be listed now is pruned the next time
  }
}

bool CheckpointFolder::set_aside(const std::string& name) const noexcept {
  std::error_code error;
  fs::rename(path_of(name), path_of(name) + ".damaged", error);
  return !error;
}

}  // namespace slalom::training
