/** Draws points with WebGL: one buffer of positions, one of colors, one draw call. */
import { scaleOf, type Camera, type Size } from "./camera";

const VERTEX = `#version 300 es
in vec2 place;
in vec4 color;
uniform vec2 middle;
uniform vec2 scale;
uniform float size;
out vec4 shade;
void main() {
  gl_Position = vec4((place - middle) * scale, 0.0, 1.0);
  gl_PointSize = size * (color.a > 0.5 ? 1.0 : 0.7);
  shade = color;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 shade;
uniform float size;
out vec4 pixel;
void main() {
  float radius = length(gl_PointCoord - 0.5) * 2.0;
  float soft = clamp(2.5 / size, 0.08, 0.9);
  float cover = 1.0 - smoothstep(1.0 - soft, 1.0, radius);
  pixel = vec4(shade.rgb, 1.0) * cover * shade.a * 0.92;
}`;

export interface PointRenderer {
  setColors: (rgba: Uint8Array) => void;
  draw: (camera: Camera, size: Size) => void;
  free: () => void;
}

/** The diameter of a point in CSS pixels. It grows with the zoom, but more slowly. */
export function pointSize(n: number, camera: Camera, size: Size): number {
  const spacing = Math.sqrt((size.width * size.height) / Math.max(n, 1));
  const base = Math.min(13, Math.max(1.7, spacing * 0.2));
  return Math.min(26, base * camera.zoom ** 0.42);
}

export function webglRenderer(canvas: HTMLCanvasElement, x: ArrayLike<number>, y: ArrayLike<number>): PointRenderer | null {
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true });
  if (!gl) return null;
  const program = link(gl);
  if (!program) return null;
  const n = x.length;
  const xy = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) xy.set([x[i]!, y[i]!], 2 * i);
  const buffer = (name: string, data: ArrayBufferView<ArrayBuffer>, width: number, type: number) => {
    const created = gl.createBuffer();
    const at = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, created);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, width, type, type === gl.UNSIGNED_BYTE, 0, 0);
    return created;
  };
  buffer("place", xy, 2, gl.FLOAT);
  const colors = buffer("color", new Uint8Array(4 * n), 4, gl.UNSIGNED_BYTE);
  const uniform = (name: string) => gl.getUniformLocation(program, name);
  const [middle, scale, dot] = [uniform("middle"), uniform("scale"), uniform("size")];
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  return {
    setColors: (rgba) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, colors);
      gl.bufferData(gl.ARRAY_BUFFER, rgba as Uint8Array<ArrayBuffer>, gl.STATIC_DRAW);
    },
    draw: (camera, size) => {
      const ratio = devicePixelRatio || 1;
      const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
      const unit = scaleOf(camera, size);
      gl.viewport(0, 0, width, height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(middle, camera.x, camera.y);
      gl.uniform2f(scale, (2 * unit) / size.width, (2 * unit) / size.height);
      gl.uniform1f(dot, pointSize(n, camera, size) * ratio);
      gl.drawArrays(gl.POINTS, 0, n);
    },
    free: () => gl.getExtension("WEBGL_lose_context")?.loseContext(),
  };
}

/** None where the graphics card has lost the context. */
function link(gl: WebGL2RenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(type);
    if (!shader) return null;
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (gl.isContextLost()) return null;
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "no shader");
  return program;
}
