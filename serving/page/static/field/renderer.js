// Draws a surface by WebGL 2: positions once, then for each answer one number a corner.

import { colours } from "./colour_maps.js";
import { EDGE_FRAGMENT, SURFACE_FRAGMENT, SURFACE_VERTEX } from "./shaders.js";

const ATTRIBUTES = { position: 0, shift: 1, value: 2 };

export class Renderer {
  /** Raises an error where the browser has no WebGL 2. */
  constructor(canvas) {
    this.canvas = canvas;
    this.inSoftware = drawsInSoftware();
    const gl = canvas.getContext("webgl2", { antialias: !this.inSoftware, alpha: true, premultipliedAlpha: false });
    if (gl === null) throw new Error("This browser has no WebGL 2, by which fields are drawn.");
    this.gl = gl;
    this.surfaceProgram = program(gl, SURFACE_VERTEX, SURFACE_FRAGMENT);
    this.edgeProgram = program(gl, SURFACE_VERTEX, EDGE_FRAGMENT);
    this.array = gl.createVertexArray();
    this.buffers = Object.fromEntries(Object.keys(ATTRIBUTES).map((name) => [name, gl.createBuffer()]));
    this.triangles = gl.createBuffer();
    this.edges = gl.createBuffer();
    this.texture = gl.createTexture();
    this.surface = null;
  }

  /** Another mesh. */
  setSurface(surface) {
    const gl = this.gl;
    this.surface = surface;
    gl.bindVertexArray(this.array);
    this.upload("position", surface.positions, 3, gl.STATIC_DRAW);
    this.upload("shift", new Float32Array(3 * surface.count), 3, gl.DYNAMIC_DRAW);
    this.upload("value", new Float32Array(surface.count), 1, gl.DYNAMIC_DRAW);
    this.uploadIndices(this.triangles, surface.triangles);
    this.edgesOf = null;
  }

  /** A number for each corner; those at the ends of the range have the first and the last colour. */
  setValues(values) {
    this.gl.bindVertexArray(this.array);
    this.upload("value", values, 1, this.gl.DYNAMIC_DRAW);
  }

  /** Three numbers for each corner, by which it is moved. */
  setShifts(shifts) {
    this.gl.bindVertexArray(this.array);
    this.upload("shift", shifts, 3, this.gl.DYNAMIC_DRAW);
  }

  setMap(name) {
    const gl = this.gl;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, 256, 1, 0, gl.RGB, gl.UNSIGNED_BYTE, colours(name));
    for (const [key, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
      [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
      [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ]) {
      gl.texParameteri(gl.TEXTURE_2D, key, value);
    }
  }

  /** One picture. matrix: of the camera; facing: towards the eye; range, contours, factor, meshInk: how it is drawn. */
  draw({ matrix, facing, range, contours, factor, meshInk, pointSize }) {
    const gl = this.gl;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    if (this.surface === null) return;
    const solid = this.surface.dimension === 3;
    const points = this.surface.triangles.length === 0;
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.enable(gl.POLYGON_OFFSET_FILL);
    gl.polygonOffset(1, 1);
    gl.bindVertexArray(this.array);
    gl.useProgram(this.surfaceProgram.program);
    const at = this.surfaceProgram.uniforms;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.uniformMatrix4fv(at.matrix, false, matrix);
    gl.uniform1f(at.factor, factor);
    gl.uniform1f(at.pointSize, pointSize);
    gl.uniform2f(at.range, range[0], range[1] > range[0] ? range[1] : range[0] + 1e-9);
    gl.uniform1f(at.contours, contours);
    gl.uniform1i(at.shaded, solid && !points ? 1 : 0);
    gl.uniform1i(at.points, points ? 1 : 0);
    gl.uniform3fv(at.facing, facing);
    if (points) {
      gl.drawArrays(gl.POINTS, 0, this.surface.count);
    } else {
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.triangles);
      gl.drawElements(gl.TRIANGLES, this.surface.triangles.length, gl.UNSIGNED_INT, 0);
    }
    if (meshInk !== null && !points) this.drawEdges(matrix, factor, meshInk);
  }

  drawEdges(matrix, factor, ink) {
    const gl = this.gl;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(this.edgeProgram.program);
    gl.uniformMatrix4fv(this.edgeProgram.uniforms.matrix, false, matrix);
    gl.uniform1f(this.edgeProgram.uniforms.factor, factor);
    gl.uniform4fv(this.edgeProgram.uniforms.ink, ink);
    // Made and sent when they are first drawn: there are as many as triangles.
    if (this.edgesOf !== this.surface) this.uploadIndices(this.edges, this.surface.edges);
    this.edgesOf = this.surface;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.edges);
    gl.drawElements(gl.LINES, this.surface.edges.length, gl.UNSIGNED_INT, 0);
    gl.disable(gl.BLEND);
  }

  upload(name, data, size, usage) {
    const gl = this.gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, data, usage);
    gl.enableVertexAttribArray(ATTRIBUTES[name]);
    gl.vertexAttribPointer(ATTRIBUTES[name], size, gl.FLOAT, false, 0, 0);
  }

  uploadIndices(buffer, indices) {
    const gl = this.gl;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
  }
}

/** Whether WebGL runs without a graphics processor: smooth edges then take more than half of the time. */
function drawsInSoftware() {
  const gl = document.createElement("canvas").getContext("webgl2");
  const names = gl?.getExtension("WEBGL_debug_renderer_info");
  const renderer = names ? gl.getParameter(names.UNMASKED_RENDERER_WEBGL) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(renderer);
}

function program(gl, vertex, fragment) {
  const made = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(made, shader);
  }
  for (const [name, place] of Object.entries(ATTRIBUTES)) gl.bindAttribLocation(made, place, name);
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  const uniforms = {};
  for (let k = 0; k < gl.getProgramParameter(made, gl.ACTIVE_UNIFORMS); k += 1) {
    const { name } = gl.getActiveUniform(made, k);
    uniforms[name] = gl.getUniformLocation(made, name);
  }
  return { program: made, uniforms };
}
