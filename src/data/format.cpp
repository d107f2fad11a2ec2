// SPDX-License-Identifier: Apache-2.0
// Which file format a name stands for.
#include "data/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr std::array<std::pair<std::string_view, FileFormat>, 9> kExtensions = {{{".parquet", FileFormat::kParquet},
                                                                                 {".pq", FileFormat::kParquet},
                                                                                 {".feather", FileFormat::kFeather},
                                                                                 {".arrow", FileFormat::kFeather},
                                                                                 {".ipc", FileFormat::kFeather},
                                                                                 {".npy", FileFormat::kNpy},
                                                                                 {".libsvm", FileFormat::kLibsvm},
                                                                                 {".svm", FileFormat::kLibsvm},
                                                                                 {".svmlight", FileFormat::kLibsvm}}};
constexpr std::array<std::pair<std::string_view, FileFormat>, 5> kNames = {{{"csv", FileFormat::kCsv},
                                                                            {"parquet", FileFormat::kParquet},
                                                                            {"feather", FileFormat::kFeather},
                                                                            {"npy", FileFormat::kNpy},
                                                                            {"libsvm", FileFormat::kLibsvm}}};

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

FileFormat find_format(std::string_view path, std::string_view name) {
  if (!name.empty()) {
    for (const auto& [known, format] : kNames) {
      if (known == name) return format;
    }
    throw UsageError(fmt::format("--format: found \"{}\", expected csv, parquet, feather, npy or libsvm", name));
  }
  std::string lower = lower_case(path);
  if (lower.ends_with(".gz")) lower.resize(lower.size() - 3);
  for (const auto& [extension, format] : kExtensions) {
    if (lower.ends_with(extension)) return format;
  }
  return FileFormat::kCsv;
}

}  // namespace slalom
