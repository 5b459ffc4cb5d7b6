// Texts of the shell: navigation, search, connection.

import { plural } from '../plural';

export const link = {
  live: 'En vivo',
  connecting: 'Conectando',
  lost: 'Reconectando',
  latency: (ms: number) => `${ms} ms`,
  banner: 'Se perdió la conexión con el hub. Se muestran los últimos valores conocidos. Reconectando…',
  first: 'No se puede acceder al hub. Compruebe que está en marcha. Reintentando…',
  origin:
    'El hub rechazó esta dirección. Abra la dirección que el hub muestra al arrancar, o añada esta a http.allowed_origins en hub.toml.',
  noBroker: (address: string) =>
    `El hub no puede acceder al broker MQTT en ${address}. Se muestran los últimos valores conocidos. Reintentando…`,
  brokerLost: (address: string, since: string) =>
    `El hub no tiene conexión con el broker MQTT en ${address} desde ${since}. Se muestran los últimos valores conocidos. Reintentando…`,
  broker: 'Sin broker',
  retry: 'Reintentar ahora',
};

export const nav = {
  main: 'Principal',
  fleet: 'Dispositivos',
  home: 'Casa',
  alerts: 'Alertas',
  dashboards: 'Paneles',
  explore: 'Explorar',
  assistant: 'Asistente',
  analyse: 'Análisis',
  rules: 'Reglas',
  calculated: 'Métricas calculadas',
  reactions: 'Reacciones',
  silences: 'Silencios',
  health: 'Salud de dispositivos',
  topics: 'Topics',
  activity: 'Actividad',
  settings: 'Ajustes',
  more: 'Más',
  skip: 'Saltar al contenido',
  ask: 'Preguntar',
  where: 'Ruta de navegación',
};

export const palette = {
  open: 'Buscar dispositivos, alertas, páginas',
  title: 'Buscar',
  placeholder: 'Ir a un dispositivo, una alerta o una página…',
  empty: 'Sin resultados.',
  devices: 'Dispositivos',
  alerts: 'Alertas abiertas',
  pages: 'Páginas',
  actions: 'Acciones',
  shortcuts: 'Mostrar atajos de teclado',
  ask: 'Preguntar al asistente',
  areas: 'Áreas',
  attention: 'Mostrar dispositivos que requieren atención',
  silent: 'Mostrar dispositivos sin datos recientes o sin conexión',
  acknowledge: (n: number) =>
    plural(n, { one: 'Reconocer la alerta abierta', other: `Reconocer las ${n} alertas abiertas` }),
};

export const rail = {
  ingest: 'Entrada',
  model: 'Modelo',
  hub: 'Hub',
  builtin: 'analista integrado',
  load: (cpu: string, memory: string) => `${cpu}\u00a0% CPU · ${memory}`,
};

export const shortcuts = {
  title: 'Atajos de teclado',
  close: 'Cerrar',
  rows: [
    ['⌘K o Ctrl K', 'Buscar dispositivos, alertas, páginas'],
    ['/', 'Buscar en los dispositivos'],
    ['j, k', 'Fila o alerta siguiente, anterior'],
    ['Intro', 'Abrir la fila'],
    ['x', 'Seleccionar la fila'],
    ['e', 'Mostrar u ocultar las alertas del incidente'],
    ['a', 'Reconocer la alerta'],
    ['g f', 'Dispositivos'],
    ['g h', 'Casa'],
    ['g a', 'Alertas'],
    ['g c', 'Asistente'],
    ['t', 'Cambiar entre oscuro y claro'],
    ['?', 'Atajos de teclado'],
    ['Esc', 'Cerrar, o anular la selección'],
  ],
};

export const theme = {
  toDark: 'Cambiar a oscuro',
  toLight: 'Cambiar a claro',
  label: 'Tema',
  system: 'Sistema',
  light: 'Claro',
  dark: 'Oscuro',
};
