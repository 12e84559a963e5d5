# One INTERFACE target carries language level, warnings and instrumentation; nothing is set globally.
add_library(rat_compiler INTERFACE)
target_compile_features(rat_compiler INTERFACE cxx_std_20)
target_include_directories(rat_compiler INTERFACE
  "${PROJECT_SOURCE_DIR}/src" "${PROJECT_BINARY_DIR}/generated")

if(MSVC)
  target_compile_options(rat_compiler INTERFACE /W4 /utf-8 /permissive- $<$<BOOL:${RAT_WERROR}>:/WX>)
else()
  target_compile_options(rat_compiler INTERFACE
    -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wvla
    -Wno-missing-field-initializers  # designated initialisers leave fields out on purpose
    $<$<CXX_COMPILER_ID:Clang,AppleClang>:-Wthread-safety>
    $<$<BOOL:${RAT_WERROR}>:-Werror>)
endif()
if(WIN32)
  target_compile_definitions(rat_compiler INTERFACE NOMINMAX WIN32_LEAN_AND_MEAN _WIN32_WINNT=0x0A00)
endif()

if(RAT_SANITIZE)
  string(REPLACE "fuzzer" "fuzzer-no-link" rat_sanitizers "${RAT_SANITIZE}")
  target_compile_options(rat_compiler INTERFACE
    -fsanitize=${rat_sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(rat_compiler INTERFACE -fsanitize=${rat_sanitizers})
endif()
if(RAT_COVERAGE)
  target_compile_options(rat_compiler INTERFACE --coverage)
  target_link_options(rat_compiler INTERFACE --coverage)
endif()

# RAT_DCHECK is on wherever somebody looks for faults.
if(RAT_SANITIZE)
  target_compile_definitions(rat_compiler INTERFACE RAT_DCHECKS=1)
else()
  target_compile_definitions(rat_compiler INTERFACE $<$<CONFIG:Debug>:RAT_DCHECKS=1>)
endif()
if(RAT_LTO AND CMAKE_BUILD_TYPE STREQUAL "Release")
  include(CheckIPOSupported)
  check_ipo_supported(RESULT rat_ipo OUTPUT rat_ipo_why LANGUAGES CXX)
  if(rat_ipo)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  else()
    message(STATUS "No optimisation across files: ${rat_ipo_why}")
  endif()
endif()
