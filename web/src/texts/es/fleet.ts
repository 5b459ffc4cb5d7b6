// Texts of the fleet page and of the page before the first device.

import { plural } from '../plural';

export const fleet = {
  title: 'Dispositivos',
  noneVisible:
    'Ningún dispositivo tiene las áreas o etiquetas a las que está limitada su cuenta. Pida acceso a un administrador.',
  all: 'Todos los dispositivos',
  summary: 'Resumen',
  devices: (n: number) => plural(n, { one: 'dispositivo', other: 'dispositivos' }),
  online: (percent: string) => `${percent}\u00a0% en línea`,
  unknown: 'estado desconocido',
  share: (on: number, stale: number, off: number) =>
    `${on} en línea, ${stale} sin datos recientes, ${off} sin conexión`,
  openAlerts: 'Alertas abiertas',
  critical: (n: number) => `${n} ${plural(n, { one: 'crítica', other: 'críticas' })}`,
  acknowledged: (n: number) => `${n} ${plural(n, { one: 'reconocida', other: 'reconocidas' })}`,
  quiet: 'sin alertas',
  stale: 'Sin datos recientes',
  offline: 'Sin conexión',
  overdue: 'con retraso',
  longest: (t: string) => `máximo ${t}`,
  ingest: 'Entrada',
  perSecond: 'msj/s',
  perMinute: 'msj/min',
  none: 'ninguno',
  map: 'Mapa de dispositivos',
  mapCells: 'una celda por dispositivo, por área; arrastre sobre las celdas para filtrar',
  mapAreas: 'por área',
  area: (name: string, n: number, bad: number) =>
    `${name}: ${n} ${plural(n, { one: 'dispositivo', other: 'dispositivos' })}, ${bad} ${plural(bad, { one: 'requiere', other: 'requieren' })} atención`,
  noArea: 'Sin área',
  moreAreas: (n: number) => `y ${n} más`,
  search: 'Buscar por nombre, ID o modelo',
  remove: (what: string) => `Quitar el filtro ${what}`,
  facets: {
    status: 'Estado',
    severity: 'Gravedad',
    area: 'Área',
    label: 'Etiqueta',
  },
  columns: 'Columnas',
  metrics: 'Métricas',
  csv: 'Descargar las filas mostradas como CSV',
  csvName: 'watchkeeper-dispositivos',
  count: (n: number, text: string, all: string) =>
    text === all
      ? `${text} ${plural(n, { one: 'dispositivo', other: 'dispositivos' })}`
      : `${text} de ${all}`,
  nothing: 'Ningún dispositivo coincide con los filtros.',
  selected: (n: number) => `${n} ${plural(n, { one: 'seleccionado', other: 'seleccionados' })}`,
  acknowledgeAll: 'Reconocer alertas',
  onlyThese: 'Mostrar solo los seleccionados',
  picked: (n: number) => `Selección: ${n}`,
  tooMany: (n: number) => `Seleccione como máximo ${n} dispositivos, o filtre por área.`,
  unselect: 'Anular selección',
  noAlerts: 'No hay alertas abiertas en esta selección.',
  select: (name: string) => `Seleccionar ${name}`,
  sortBy: (name: string) => `Ordenar por ${name}`,
  cols: {
    name: 'Dispositivo',
    area: 'Área',
    model: 'Modelo',
    reading: 'Lectura',
    spark: 'Última hora',
    alert: 'Alerta',
    labels: 'Etiquetas',
    presence: 'Disponibilidad',
    dialect: 'Integración',
    seen: 'Visto',
  },
};

export const first = {
  title: 'Aún no hay dispositivos',
  lead: 'El hub está a la escucha. Los dispositivos aparecen aquí con su primer mensaje.',
  broker: 'Publicar una lectura',
  brokerLead: 'Desde cualquier equipo que pueda acceder al broker:',
  simulate: 'Iniciar dispositivos simulados',
  simulateLead: 'Bombas, cámaras frigoríficas, depósitos y más, con dos horas de lecturas anteriores:',
  connect: 'Conectar dispositivos existentes',
  connectLead:
    'El descubrimiento de Home Assistant, Zigbee2MQTT, Tasmota, Shelly, Sparkplug B y Homie funcionan sin configuración: diríjalos a este broker. Asigne otros topics en la página «Topics».',
  openTopics: 'Abrir topics en vivo',
  copy: 'Copiar',
  waiting: 'Esperando el primer mensaje…',
};
