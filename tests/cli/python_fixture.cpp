// SPDX-License-Identifier: Apache-2.0
// Looks for Python packages.
#include "cli/python_fixture.hpp"

#include <cstdlib>

namespace slalom::testing {

void PythonFixture::SetUp() {
  CommandLine::SetUp();
  const Outcome imported = python("-c 'import " + modules_ + "'");
  if (imported.status == 0) return;
  const char* const required = std::getenv("SLALOM_REQUIRE_PYTHON");
  ASSERT_FALSE(required != nullptr && std::string(required) == "1") << imported.err;
  GTEST_SKIP() << SLALOM_TEST_PYTHON " cannot import " << modules_ << " (scripts/setup.sh installs them)";
}

Outcome PythonFixture::python(const std::string& arguments) const {
  return shell("'" SLALOM_TEST_PYTHON "' " + arguments);
}

}  // namespace slalom::testing
