// SPDX-License-Identifier: Apache-2.0
// How a Vega spec gives the value of a property.
#pragma once

#include <string>

#include "report/html/escape.hpp"

namespace slalom::landscape {

/// That of an expression of signals.
inline report::html::Json signal(const std::string& expression) { return {{"signal", expression}}; }

/// Always the same.
inline report::html::Json constant(const report::html::Json& value) { return {{"value", value}}; }

}  // namespace slalom::landscape
