// SPDX-License-Identifier: Apache-2.0
// The folder that holds a run's checkpoints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace slalom::training {

/// Held by one process at a time.
class FolderLock {
 public:
  /// Throws UsageError if another process holds it. Where a file system knows no locks nothing is locked.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  FolderLock(FolderLock&&) = delete;
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  int descriptor_ = -1;
};

/// Files "step-<steps>.safetensors", of which the one with the most steps is the newest.
class CheckpointFolder {
 public:
  struct Entry {
    std::int64_t steps = 0;  ///< of the run, over all members
    std::string name;        ///< without the folder
  };

  /// Makes the folder if it is not there, locks it, and removes what interrupted writes left. Throws OutputError if it
  /// cannot be made or written to, UsageError if another process holds it.
  explicit CheckpointFolder(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] static std::string name_of(std::int64_t steps);

  /// What is there now, by steps.
  [[nodiscard]] std::vector<Entry> entries() const;

  /// Removes all but the newest `keep` and the one called `best`. What cannot be removed stays.
  void prune(std::int64_t keep, const std::string& best) const noexcept;

  /// Takes a damaged file out of the list: renames it to "<name>.damaged". False if that is not possible.
  [[nodiscard]] bool set_aside(const std::string& name) const noexcept;

 private:
  std::string path_;  ///< without a slash at its end
  std::optional<FolderLock> lock_;
};

}  // namespace slalom::training
