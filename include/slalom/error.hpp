// SPDX-License-Identifier: Apache-2.0
// The exceptions that slalom throws, each tied to one sysexits exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace slalom {

/// Exit codes of the `slalom` binary (the values of sysexits.h).
enum class ExitCode : int {
  kSuccess = 0,
  kUsage = 64,         ///< a flag or a combination of flags is wrong
  kData = 65,          ///< the input was read but its content is not usable
  kNoInput = 66,       ///< an input file does not exist or cannot be opened
  kUnavailable = 69,   ///< the requested device is not there
  kSoftware = 70,      ///< a defect in slalom itself
  kDevice = 71,        ///< a device or operating-system call failed
  kCannotCreate = 73,  ///< an output file cannot be created
  kIo = 74,            ///< reading or writing failed half-way
  kInterrupted = 130,  ///< stopped by Ctrl-C
};

/// Base of every exception thrown by slalom. `what()` is one complete sentence for a person: it names the file, line,
/// column or flag, what was found and what was expected. Only `main` maps it to an exit status; the library never exits
/// or prints.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// A setting is out of range, unknown, or contradicts another one.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};

/// The content of an input is not usable (ragged row, text in a numeric column, unknown target, corrupt model,
/// divergence).
class DataError : public Error {
 public:
  explicit DataError(const std::string& message) : Error(ExitCode::kData, message) {}
};

/// Training diverged: a loss, a gradient or a parameter stopped being finite.
class DivergenceError : public DataError {
 public:
  using DataError::DataError;
};

/// An input file is missing or not readable.
class InputError : public Error {
 public:
  explicit InputError(const std::string& message) : Error(ExitCode::kNoInput, message) {}
};

/// An output cannot be created (`ExitCode::kCannotCreate`) or writing it failed half-way (`ExitCode::kIo`).
class OutputError : public Error {
 public:
  explicit OutputError(const std::string& message, ExitCode code = ExitCode::kCannotCreate) : Error(code, message) {}
};

/// The requested device is absent (`ExitCode::kUnavailable`) or a call to it failed (`ExitCode::kDevice`).
class DeviceError : public Error {
 public:
  explicit DeviceError(const std::string& message, ExitCode code = ExitCode::kUnavailable) : Error(code, message) {}
};

}  // namespace slalom
