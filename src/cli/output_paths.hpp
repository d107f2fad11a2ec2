// SPDX-License-Identifier: Apache-2.0
// Looks at the outputs of a command before its work: whether they are its own inputs, and whether they can be written.
#pragma once

#include <string>
#include <vector>

namespace slalom::cli {

/// A file that a flag names.
struct NamedFile {
  std::string flag;  ///< "--out"
  std::string path;  ///< empty: the flag was not given
};

/// Throws UsageError if an output is the same file as an input or an earlier output, under
/// whatever name (links are followed). What is not a regular file (a pipe, /dev/null) may be named twice.
void require_own_files(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs);

/// Throws OutputError for an output that cannot be written: now rather than after the work. Empty: not asked for.
void require_writable(const std::vector<std::string>& outputs);

}  // namespace slalom::cli
