#!/bin/bash
# Makes octave.tar.xz beside this script with GNU Octave 7.3 (Debian 12: octave): a rod that cools, by Crank-Nicolson.
# printed.txt holds what Octave prints of it: time and the temperature in the middle.
set -e
samples=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir "$work/octave"
cd "$work/octave"
cat > rod.m <<'END'
x = linspace(0, 1, 17)';
t = linspace(0, 0.1, 6);
L = toeplitz([-2, 1, zeros(1, 13)]) / (x(2) - x(1))^2;
A = (eye(15) - 0.5 * (t(2) - t(1)) * L) \ (eye(15) + 0.5 * (t(2) - t(1)) * L);
u = zeros(17, 6);
u(:, 1) = sin(pi * x);
for k = 2:6
    u(2:16, k) = A * u(2:16, k - 1);
end
wave = u .* exp(i * x);
about = struct("author", "octave");
label = "rod";
save -v6 version_6.mat x t u wave about label
save -v7 version_7.mat x t u wave about label
printf("%.15g %.15g\n", [t; u(9, :)]);
END
octave --no-gui --quiet rod.m > printed.txt
cd "$work"
tar --sort=name --mtime=2026-01-01 --owner=0 --group=0 --numeric-owner -cJf "$samples/octave.tar.xz" octave
rm -rf "$work"
