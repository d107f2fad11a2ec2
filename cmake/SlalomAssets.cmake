# SPDX-License-Identifier: Apache-2.0
# Files that are part of the binary, and where Vega is found.

# slalom_embed(<target> HEADER <header> NAMESPACE <namespace> FILES name=path ...)
#
# Adds a source to the target that defines `std::string_view <namespace>::asset(std::string_view name)`, declared in <header>.
# The assembler takes the bytes of each file as they are; a file that changes is taken anew.
function(slalom_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "HEADER;NAMESPACE" "FILES")
  set(blobs "")
  set(cases "")
  set(paths "")
  set(index 0)
  foreach(file IN LISTS ARG_FILES)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${file}")
    if(NOT matched OR NOT EXISTS "${CMAKE_MATCH_2}")
      message(FATAL_ERROR "slalom_embed(${target}): expected name=path of a file, got '${file}'")
    endif()
    set(symbol "${target}_asset_${index}")
    string(APPEND blobs
           "SLALOM_BLOB(${symbol}, \"${CMAKE_MATCH_2}\")\nextern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND cases "  if (name == \"${CMAKE_MATCH_1}\") return {${symbol}, ${symbol}_end};\n")
    list(APPEND paths "${CMAKE_MATCH_2}")
    math(EXPR index "${index} + 1")
  endforeach()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}_assets.cpp")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/assets.cpp.in" "${source}" @ONLY)
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE "${source}")
endfunction()

# The modules of Vega that charts are drawn with, each after what it needs: SLALOM_VEGA_FILES for slalom_embed.
set(SLALOM_VEGA_DIR "/usr/share/javascript/vega" CACHE PATH "Folder with Vega's modules (vega-util.min.js, ...)")
set(SLALOM_VEGA_LICENSE "/usr/share/doc/libjs-vega/copyright" CACHE FILEPATH "Vega's licence, which pages carry")
set(SLALOM_D3_LICENSE "${PROJECT_SOURCE_DIR}/licenses/d3.txt")
set(SLALOM_VEGA_FILES "vega-license=${SLALOM_VEGA_LICENSE}" "d3-license=${SLALOM_D3_LICENSE}")
foreach(module util time format loader dataflow statistics expression event-selector canvas scale scenegraph selection functions
               runtime parser transforms view-transforms encode projection geo view interpreter)
  list(APPEND SLALOM_VEGA_FILES "vega-${module}=${SLALOM_VEGA_DIR}/vega-${module}.min.js")
endforeach()
foreach(file IN LISTS SLALOM_VEGA_FILES)
  string(REGEX REPLACE "^[^=]+=" "" path "${file}")
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "Vega is missing: ${path} is not there. Install libjs-vega (scripts/setup.sh does), or set SLALOM_VEGA_DIR "
                        "and SLALOM_VEGA_LICENSE")
  endif()
endforeach()
