// What the graphics processor runs: values become colours there, so that a new answer is one upload of numbers.

export const SURFACE_VERTEX = `#version 300 es
in vec3 position;
in vec3 shift;
in float value;
uniform mat4 matrix;
uniform float factor;
uniform float pointSize;
out float scalar;
out vec3 place;
void main() {
  vec3 moved = position + factor * shift;
  scalar = value;
  place = moved;
  gl_Position = matrix * vec4(moved, 1.0);
  gl_PointSize = pointSize;
}`;

export const SURFACE_FRAGMENT = `#version 300 es
precision highp float;
in float scalar;
in vec3 place;
uniform sampler2D colours;
uniform vec2 range;
uniform float contours;
uniform bool shaded;
uniform bool points;
uniform vec3 facing;
out vec4 colour;
void main() {
  if (isnan(scalar)) discard;
  if (points && length(gl_PointCoord - 0.5) > 0.5) discard;
  float share = (scalar - range.x) / (range.y - range.x);
  vec3 tint = texture(colours, vec2((clamp(share, 0.0, 1.0) * 255.0 + 0.5) / 256.0, 0.5)).rgb;
  if (shaded) {
    vec3 normal = normalize(cross(dFdx(place), dFdy(place)));
    tint *= 0.62 + 0.38 * abs(dot(normal, facing));
  }
  if (contours > 0.0 && !points) {
    float level = share * contours;
    float across = fwidth(level);
    float away = abs(fract(level - 0.5) - 0.5) / max(across, 1e-9);
    float light = dot(tint, vec3(0.299, 0.587, 0.114));
    vec3 ink = vec3(light > 0.45 ? 0.0 : 1.0);
    float line = (1.0 - smoothstep(0.5, 1.3, away)) * (1.0 - smoothstep(0.3, 0.7, across));
    tint = mix(tint, ink, 0.75 * line);
  }
  colour = vec4(tint, 1.0);
}`;

export const EDGE_FRAGMENT = `#version 300 es
precision highp float;
in float scalar;
in vec3 place;
uniform vec4 ink;
out vec4 colour;
void main() {
  if (isnan(scalar)) discard;
  colour = ink;
}`;
