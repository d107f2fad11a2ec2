// SPDX-License-Identifier: Apache-2.0
// The table of promises in docs/reliability.md names tests that exist.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace slalom {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Whether `text` has the identifier `name`; a name that ends with "..." is the beginning of one.
bool has_name(const std::string& text, std::string name) {
  const bool is_whole = !name.ends_with("...");
  if (!is_whole) name.resize(name.size() - 3);
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool starts = at == 0 || !is_part(text[at - 1]);
    if (starts && (!is_whole || end == text.size() || !is_part(text[end]))) return true;
  }
  return false;
}

/// What is wrong with the row of a table whose last cell names tests: `files` (from `root` on) and, behind them, names
/// of tests in them. Names that begin with "fuzz." (with a corpus each) or "soak." are CTest's.
std::vector<std::string> defects_of(const std::string& row, const std::filesystem::path& root) {
  std::vector<std::string> defects, files;
  bool any = false;
  const std::string cell = row.substr(row.rfind('|', row.rfind('|') - 1));
  const std::regex quoted("`([^`]+)`");
  for (std::sregex_iterator token(cell.begin(), cell.end(), quoted), end; token != end; ++token) {
    const std::string name = (*token)[1];
    any = true;
    if (name.starts_with("tests/") || name.starts_with("scripts/")) {
      files.push_back(name);
      if (!std::filesystem::is_regular_file(root / name)) defects.push_back("no file " + name);
    } else if (name.starts_with("fuzz.")) {
      if (!std::filesystem::is_directory(root / "tests/fuzz/corpus" / name.substr(5)))
        defects.push_back("no corpus for " + name);
    } else if (name.starts_with("soak.")) {
      if (!has_name(content_of(root / "tests/cli/CMakeLists.txt"), name)) defects.push_back("no test " + name);
    } else {
      bool found = false;
      for (const std::string& file : files) found = found || has_name(content_of(root / file), name);
      if (!found) defects.push_back("no test " + name + " in the files named before it");
    }
  }
  if (!any) defects.emplace_back("names no test");
  return defects;
}

/// The rows of the table below "## Promises".
std::vector<std::string> promises(const std::filesystem::path& root) {
  std::ifstream in(root / "docs/reliability.md");
  std::vector<std::string> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) inside = line == "## Promises";
    if (inside && line.starts_with("| ") && line != "| promise | test |") rows.push_back(line);
  }
  return rows;
}

TEST(Promises, NameTestsThatExist) {
  const std::vector<std::string> rows = promises(SLALOM_SOURCE_DIR);
  ASSERT_GE(rows.size(), 15U);
  for (const std::string& row : rows) {
    for (const std::string& defect : defects_of(row, SLALOM_SOURCE_DIR)) ADD_FAILURE() << row << "\n" << defect;
  }
}

TEST(Promises, ThatNameNothingThatExistsAreFound) {
  const auto defects = [](const std::string& cell) {
    std::ostringstream all;
    for (const std::string& defect : defects_of("| something | " + cell + " |", SLALOM_SOURCE_DIR))
      all << defect << '\n';
    return all.str();
  };
  const std::string here = "`tests/hygiene/promises_test.cpp`";
  EXPECT_EQ(defects(here), "");
  EXPECT_EQ(defects(here + ": `NameTestsThatExist`"), "");
  EXPECT_EQ(defects(here + ": `NameTestsThat...`, `fuzz.csv`"), "");
  EXPECT_EQ(defects("`tests/hygiene/gone_test.cpp`"), "no file tests/hygiene/gone_test.cpp\n");
  const std::string absent = std::string("NameTestsThat") + "Exis";
  EXPECT_EQ(defects(here + ": `" + absent + "`"), "no test " + absent + " in the files named before it\n");
  EXPECT_EQ(defects("`NameTestsThatExist`, " + here), "no test NameTestsThatExist in the files named before it\n");
  EXPECT_EQ(defects("`fuzz.gone`"), "no corpus for fuzz.gone\n");
  EXPECT_EQ(defects("by reading"), "names no test\n");
}

}  // namespace
}  // namespace slalom
