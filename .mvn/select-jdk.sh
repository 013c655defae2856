# shellcheck shell=sh
# Finds a JDK 21 or newer. Sourced by ./mvnw and ./capstan; POSIX sh, works under "set -eu".
#
#   capstan_select_jdk   sets and exports JAVA_HOME, sets CAPSTAN_JDK_MAJOR (21, 25, ...), returns 0;
#                        returns 1 and changes nothing where there is no such JDK.
#
# Order: JAVA_HOME, `java` on PATH, then the newest in the folders where systems keep their JDKs.

CAPSTAN_JDK_MIN=21
CAPSTAN_JDK_MAJOR=

# capstan_jdk_probe HOME: sets capstan_jdk_found to the major version of the JDK in HOME, 0 where
# HOME holds no JDK (a runtime without javac cannot build). Reads the file `release`, which is a
# hundred times cheaper than starting a JVM.
capstan_jdk_probe() {
  capstan_jdk_found=0
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || return 0
  capstan_jdk_version=
  if [ -r "$1/release" ]; then
    while IFS= read -r capstan_jdk_line || [ -n "$capstan_jdk_line" ]; do
      case $capstan_jdk_line in
        JAVA_VERSION=*)
          capstan_jdk_version=${capstan_jdk_line#JAVA_VERSION=}
          break
          ;;
      esac
    done <"$1/release"
  fi
  if [ -z "$capstan_jdk_version" ]; then
    capstan_jdk_version=$("$1/bin/java" -version 2>&1 </dev/null | sed -n 's/^.* version "\([^"]*\)".*$/\1/p' | head -n 1) || :
  fi
  # "25.0.1" -> 25, "26-ea" -> 26, "1.8.0_412" -> 1
  capstan_jdk_version=${capstan_jdk_version#\"}
  capstan_jdk_version=${capstan_jdk_version%%[!0-9]*}
  capstan_jdk_found=${capstan_jdk_version:-0}
}

# capstan_jdk_use HOME: takes the JDK in HOME when it is new enough.
capstan_jdk_use() {
  capstan_jdk_probe "$1"
  [ "$capstan_jdk_found" -ge "$CAPSTAN_JDK_MIN" ] || return 1
  JAVA_HOME=$1
  CAPSTAN_JDK_MAJOR=$capstan_jdk_found
  export JAVA_HOME
}

# The home of the `java` on PATH: behind its symbolic links, or, where `java` is a stub or a shim,
# what it says about itself.
capstan_jdk_on_path() {
  capstan_jdk_java=$(command -v java 2>/dev/null) || return 1
  capstan_jdk_java=$(readlink -f "$capstan_jdk_java" 2>/dev/null) || capstan_jdk_java=$(command -v java)
  capstan_jdk_home=${capstan_jdk_java%/bin/java}
  if [ ! -r "$capstan_jdk_home/release" ]; then
    capstan_jdk_home=$(java -XshowSettings:properties -version 2>&1 </dev/null | sed -n 's/^ *java\.home = //p') || return 1
  fi
  [ -n "$capstan_jdk_home" ]
}

capstan_select_jdk() {
  if [ -n "${JAVA_HOME-}" ] && capstan_jdk_use "$JAVA_HOME"; then
    return 0
  fi
  if capstan_jdk_on_path && capstan_jdk_use "$capstan_jdk_home"; then
    return 0
  fi
  capstan_jdk_best=
  capstan_jdk_best_major=0
  for capstan_jdk_home in /usr/lib/jvm/* /opt/*jdk* /opt/java/* "${HOME-}"/.sdkman/candidates/java/* \
    "${HOME-}"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    capstan_jdk_probe "$capstan_jdk_home"
    if [ "$capstan_jdk_found" -gt "$capstan_jdk_best_major" ]; then
      capstan_jdk_best=$capstan_jdk_home
      capstan_jdk_best_major=$capstan_jdk_found
    fi
  done
  [ -n "$capstan_jdk_best" ] && capstan_jdk_use "$capstan_jdk_best"
}
