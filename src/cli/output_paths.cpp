// SPDX-License-Identifier: Apache-2.0
// Compares the files that a command reads with those it is to write.
#include "cli/output_paths.hpp"

#include <filesystem>

#include <slalom/error.hpp>

#include "data/atomic_file.hpp"

namespace slalom::cli {
namespace {

namespace fs = std::filesystem;

bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  if (fs::exists(a, error) && fs::exists(b, error)) {
    return fs::is_regular_file(a, error) && fs::equivalent(a, b, error) && !error;
  }
  const fs::path first = fs::weakly_canonical(fs::absolute(a, error), error);
  if (error) return false;
  const fs::path second = fs::weakly_canonical(fs::absolute(b, error), error);
  return !error && first == second;
}

}  // namespace

void require_own_files(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs) {
  std::vector<NamedFile> others = inputs;
  for (const NamedFile& output : outputs) {
    if (output.path.empty()) continue;
    for (const NamedFile& other : others) {
      if (other.path.empty() || !same_file(output.path, other.path)) continue;
      throw UsageError(output.flag + ": " + output.path + " is also the file of " + other.flag +
                       ", expected another one");
    }
    others.push_back(output);
  }
}

void require_writable(const std::vector<std::string>& outputs) {
  for (const std::string& path : outputs) {
    if (!path.empty()) AtomicFile writable(path);
  }
}

}  // namespace slalom::cli
