// SPDX-License-Identifier: Apache-2.0
// Runs the slalom binary through the shell and collects what it printed.
#include "cli/command_line.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace slalom::testing {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

/// Whether a sanitizer or an assertion of the standard library wrote `err`. Looked for in every command's messages,
/// because not every test looks at every command's exit status.
bool reports_a_defect(const std::string& err) {
  return err.find("Sanitizer") != std::string::npos || err.find(": Assertion '") != std::string::npos;
}

}  // namespace

nlohmann::json Outcome::json() const {
  std::istringstream lines(out);
  std::string line, last;
  while (std::getline(lines, line)) {
    if (!line.empty()) last = line;
  }
  return nlohmann::json::parse(last);
}

void CommandLine::SetUp() {
  static std::atomic<int> counter{0};
  folder_ = std::filesystem::temp_directory_path() /
            ("slalom-cli-" + std::to_string(getpid()) + "-" + std::to_string(counter++));
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
}

void CommandLine::TearDown() { std::filesystem::remove_all(folder_); }

Outcome CommandLine::slalom(const std::string& arguments) const { return shell("'" SLALOM_BINARY "' " + arguments); }

void CommandLine::expect_error(const std::string& arguments, int status, const std::string& message,
                               const std::string& output) const {
  const Outcome run = slalom(arguments);
  EXPECT_EQ(run.status, status) << run.err;
  EXPECT_EQ(run.err, "slalom: " + message + "\n");
  EXPECT_EQ(run.out, "");
  EXPECT_FALSE(exists(output));
}

Outcome CommandLine::shell(const std::string& command) const {
  const std::filesystem::path out = folder_ / ".stdout", err = folder_ / ".stderr";
  const std::string line =
      "cd '" + folder_.string() + "' && " + command + " > '" + out.string() + "' 2> '" + err.string() + "' < /dev/null";
  const int raw = std::system(line.c_str());
  Outcome outcome;
  outcome.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  outcome.out = slurp(out);
  outcome.err = slurp(err);
  if (reports_a_defect(outcome.err)) ADD_FAILURE() << command << '\n' << outcome.err;
  return outcome;
}

void CommandLine::write(const std::string& name, const std::string& content) const {
  std::ofstream(folder_ / name, std::ios::binary) << content;
}

std::string CommandLine::read(const std::string& name) const { return slurp(folder_ / name); }

void CommandLine::split_reference(const std::filesystem::path& file, const std::string& stem, bool header,
                                  const std::function<bool(const std::string&)>& keep) const {
  std::ifstream in(file);
  std::ofstream train(folder_ / (stem + ".train.csv")), test(folder_ / (stem + ".test.csv"));
  std::string line;
  if (header && std::getline(in, line)) {
    train << line << '\n';
    test << line << '\n';
  }
  for (std::uint64_t i = 0; std::getline(in, line);) {
    if (keep && !keep(line)) continue;
    const bool is_test = (i++ * 2654435761U % (std::uint64_t{1} << 32U)) % 5 == 0;
    (is_test ? test : train) << line << '\n';
  }
}

std::string plane_csv(int n) {
  std::ostringstream csv;
  csv << "a,b,colour,y\n";
  TestNumbers numbers(12345);
  for (int i = 0; i < n; ++i) {
    const double a = 10.0 * numbers.next(), b = 4.0 * numbers.next();
    csv << a << ',' << b << ',' << (i % 3 == 0 ? "red" : "blue") << ',' << 3.0 * a - 2.0 * b + 1.0 << '\n';
  }
  return csv.str();
}

}  // namespace slalom::testing
