// SPDX-License-Identifier: Apache-2.0
// A flag of a command with its value, as logs and reports show it.
#pragma once

#include <string>

namespace slalom::report {

struct Setting {
  std::string name;    ///< without dashes
  std::string group;   ///< of the help
  std::string value;   ///< as on the command line; "true" or "false" for a flag without a value
  bool given = false;  ///< false: it is the default
};

}  // namespace slalom::report
