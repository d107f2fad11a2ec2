// SPDX-License-Identifier: Apache-2.0
// Runs Vega in QuickJS.
#include "render/vega_svg.hpp"

#include <memory>

#include <quickjs.h>

#include <slalom/error.hpp>

#include "render/asset.hpp"
#include "report/html/vega_bundle.hpp"

namespace slalom::render {
namespace {

constexpr std::size_t kMostMemory = std::size_t{1} << 30;
constexpr std::size_t kMostStack = std::size_t{1} << 20;

struct RuntimeDeleter {
  void operator()(JSRuntime* runtime) const noexcept { JS_FreeRuntime(runtime); }
};
struct ContextDeleter {
  void operator()(JSContext* context) const noexcept { JS_FreeContext(context); }
};

[[noreturn]] void fail(const std::string& words) {
  throw Error(ExitCode::kSoftware, "internal error: Vega cannot draw a chart: " + words);
}

/// One engine with a global object.
class Engine {
 public:
  Engine() : runtime_(JS_NewRuntime()) {
    if (runtime_ == nullptr) throw std::bad_alloc();
    JS_SetMemoryLimit(runtime_.get(), kMostMemory);
    JS_SetMaxStackSize(runtime_.get(), kMostStack);
    context_.reset(JS_NewContext(runtime_.get()));
    if (context_ == nullptr) throw std::bad_alloc();
  }

  void set(const char* name, const std::string& text) { set(name, JS_NewStringLen(get(), text.data(), text.size())); }
  void set(const char* name, int number) { set(name, JS_NewInt32(get(), number)); }

  /// Runs a script, and then what its promises have left to do.
  void run(const std::string& code, const char* name) {
    const JSValue value = JS_Eval(get(), code.c_str(), code.size(), name, JS_EVAL_TYPE_GLOBAL);
    const bool failed = JS_IsException(value);
    JS_FreeValue(get(), value);
    if (failed) fail(exception());
    for (;;) {
      JSContext* context = nullptr;
      const int done = JS_ExecutePendingJob(runtime_.get(), &context);
      if (done < 0) fail(exception());
      if (done == 0) return;
    }
  }

  /// The text of a global; "undefined" if there is none.
  [[nodiscard]] std::string global(const char* name) {
    const JSValue globals = JS_GetGlobalObject(get());
    const JSValue value = JS_GetPropertyStr(get(), globals, name);
    std::string text = text_of(value);
    JS_FreeValue(get(), value);
    JS_FreeValue(get(), globals);
    return text;
  }

 private:
  [[nodiscard]] JSContext* get() const noexcept { return context_.get(); }

  void set(const char* name, JSValue value) {
    const JSValue globals = JS_GetGlobalObject(get());
    const int done = JS_SetPropertyStr(get(), globals, name, value);
    JS_FreeValue(get(), globals);
    if (done < 0) fail(exception());
  }

  [[nodiscard]] std::string text_of(JSValue value) {
    std::size_t size = 0;
    const char* text = JS_ToCStringLen(get(), &size, value);
    if (text == nullptr) return "";
    std::string result(text, size);
    JS_FreeCString(get(), text);
    return result;
  }

  [[nodiscard]] std::string exception() {
    const JSValue value = JS_GetException(get());
    std::string text = text_of(value);
    JS_FreeValue(get(), value);
    return text;
  }

  std::unique_ptr<JSRuntime, RuntimeDeleter> runtime_;
  std::unique_ptr<JSContext, ContextDeleter> context_;
};

}  // namespace

std::string vega_svg(const report::html::Json& spec, const report::html::Json& config, int width) {
  Engine engine;
  engine.run(report::html::vega_script(), "vega.js");
  engine.set("slalomSpec", spec.dump());
  engine.set("slalomConfig", config.dump());
  engine.set("slalomWidth", width);
  engine.run(std::string(asset("vega_svg.js")), "vega_svg.js");
  const std::string problems = engine.global("slalomProblems");
  if (!problems.empty()) fail(problems);
  std::string svg = engine.global("slalomResult");
  if (!svg.starts_with("<svg")) fail("found no drawing");
  return svg;
}

}  // namespace slalom::render
