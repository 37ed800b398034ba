import '@mantine/core/styles.css'
import './app.css'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { start } from './state/services.ts'

const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)
void start()
