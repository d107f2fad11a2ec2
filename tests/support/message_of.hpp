// SPDX-License-Identifier: Apache-2.0
// The message of an expected error.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

namespace slalom::testing {

/// The message of the Failure that `action` throws; "" with a test failure if it throws none.
template <class Failure = Error, class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Failure& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

}  // namespace slalom::testing
